import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { isBrowser } from "../../tools/console/console-port.ts";
import { contentType, pathParts } from "../../tools/console/files.ts";
import { createLimiter, isOwnHost, isOwnOrigin } from "../../tools/console/guard.ts";
import { parseRequest } from "../../tools/console/messages.ts";
import { opener } from "../../tools/console/open-browser.ts";

describe("paths", () => {
  test("plain ones are taken apart, without query and fragment", () => {
    assert.deepEqual(pathParts("/"), []);
    assert.deepEqual(pathParts("/assets/a-b_c.js?x=../..#y"), ["assets", "a-b_c.js"]);
    assert.deepEqual(pathParts("/a%20b.txt"), ["a b.txt"]);
  });

  test("whatever is asked for, no part leads up, is hidden or holds a separator", () => {
    const nasty = fc.constantFrom(
      "..",
      ".",
      "/",
      "\\",
      "%2e",
      "%2f",
      "%5c",
      "%00",
      "%",
      "a",
      "assets",
      ";",
      "~",
      ":",
      "é",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(nasty).map((parts) => `/${parts.join("")}`),
        ),
        (target) => {
          for (const part of pathParts(target) ?? []) {
            assert.ok(!part.startsWith(".") && !/[/\\\0:%]/.test(part), JSON.stringify(part));
          }
        },
      ),
    );
  });

  test("types are told by the end of the name", () => {
    assert.equal(contentType("x.HTML"), "text/html; charset=utf-8");
    assert.equal(contentType("x.woff2"), "font/woff2");
    assert.equal(contentType("x.exe"), "application/octet-stream");
    assert.equal(contentType("x"), "application/octet-stream");
  });
});

describe("names", () => {
  test("of this server", () => {
    for (const host of ["127.0.0.1:4400", "localhost:4400", "LocalHost:4400", "[::1]:4400"]) {
      assert.ok(isOwnHost({ host }, 4400), host);
    }
    for (const host of [
      undefined,
      "",
      "127.0.0.1",
      "localhost:44000",
      "127.0.0.1:4400.evil.test",
      "a.localhost:4400",
      "0.0.0.0:4400",
    ]) {
      assert.ok(!isOwnHost(host === undefined ? {} : { host }, 4400), host);
    }
  });

  test("of the page: exactly where it came from, or no page at all", () => {
    const host = "127.0.0.1:4400";
    assert.ok(isOwnOrigin({ host, origin: "http://127.0.0.1:4400" }));
    assert.ok(isOwnOrigin({ host }));
    for (const origin of [
      "null",
      "",
      "http://127.0.0.1",
      "https://127.0.0.1:4400",
      "http://localhost:4400",
      "file://",
    ]) {
      assert.ok(!isOwnOrigin({ host, origin }), origin);
    }
  });
});

test("a limiter lets a burst through, then its rate", () => {
  let now = 0;
  const isAllowed = createLimiter(10, 3, () => now);
  assert.deepEqual([1, 2, 3, 4].map(isAllowed), [true, true, true, false]);
  now += 100;
  assert.deepEqual([1, 2].map(isAllowed), [true, false]);
  now += 60_000;
  assert.deepEqual([1, 2, 3, 4].map(isAllowed), [true, true, true, false]);
});

describe("requests of the page", () => {
  test("are taken as they are meant", () => {
    assert.deepEqual(parseRequest('{"type":"fault","name":"drop","on":true,"more":1}'), {
      type: "fault",
      name: "drop",
      on: true,
    });
    assert.deepEqual(parseRequest('{"type":"cut-link"}'), { type: "cut-link" });
    assert.deepEqual(parseRequest('{"type":"command","command":{"cmd":"report"}}'), {
      type: "command",
      command: { cmd: "report" },
    });
  });

  test("a command keeps a key called __proto__ as a key", () => {
    const request = parseRequest('{"type":"command","command":{"cmd":"x","__proto__":"y"}}');
    assert.ok(request?.type === "command");
    assert.equal(Object.getPrototypeOf(request.command), Object.prototype);
    assert.equal(JSON.stringify(request.command), '{"cmd":"x","__proto__":"y"}');
  });

  const wrong = [
    "",
    "null",
    "[]",
    "1",
    '{"type":"fault","name":"drop"}',
    '{"type":"fault","name":1,"on":true}',
    '{"type":"power"}',
    '{"type":"power","on":1}',
    '{"type":"command"}',
    '{"type":"command","command":"report"}',
    '{"type":"command","command":[]}',
    '{"type":"command","command":{}}',
    '{"type":"command","command":{"cmd":null}}',
    '{"type":"command","command":{"cmd":"a","b":[1]}}',
    '{"type":"command","command":{"cmd":"a","b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1}}',
    `{"type":"cut-link","x":"${"x".repeat(2000)}"}`,
  ];
  for (const text of wrong)
    test(`not ${text.slice(0, 60) || "nothing"}`, () => assert.equal(parseRequest(text), undefined));

  test("no text makes it throw", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void parseRequest(text)));
  });
});

test("a browser is opened where somebody looks at a screen, and nowhere else", () => {
  const here = { isTty: true, platform: "linux", env: { DISPLAY: ":0" } };
  assert.deepEqual(opener(here), ["xdg-open"]);
  assert.deepEqual(opener({ ...here, env: { WAYLAND_DISPLAY: "wayland-0" } }), ["xdg-open"]);
  assert.deepEqual(opener({ ...here, platform: "darwin", env: {} }), ["open"]);
  assert.deepEqual(opener({ ...here, platform: "win32", env: {} }), ["cmd", "/c", "start", ""]);
  assert.equal(opener({ ...here, isTty: false }), undefined);
  assert.equal(opener({ ...here, env: {} }), undefined);
  assert.equal(opener({ ...here, env: { DISPLAY: ":0", CI: "true" } }), undefined);
  assert.equal(opener({ ...here, env: { DISPLAY: ":0", SSH_CONNECTION: "1.2.3.4 1 5.6.7.8 22" } }), undefined);
});

test("what begins as a browser begins is told from what is typed at a console", () => {
  const verdict = (text: string): boolean | undefined => isBrowser(Buffer.from(text, "latin1"));
  for (const text of ["GET / HTTP/1.1\r\n", "POST /x", "OPTIONS * HTTP", "\x16\x03\x01"])
    assert.equal(verdict(text), true, text);
  for (const text of ["G", "PO", "OPTION", "\x16", ""]) assert.equal(verdict(text), undefined, text);
  for (const text of ["\x03", "\x10print(1)\n", "GETS", "POSTER", "get ", "\x16a"])
    assert.equal(verdict(text), false, text);
});
