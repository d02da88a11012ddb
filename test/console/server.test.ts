import assert from "node:assert/strict";
import { request } from "node:http";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { Client, type Rig, startRig, until } from "./rig.ts";

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

let rig: Rig;

before(async () => {
  rig = await startRig();
});

after(() => rig.close());

/** As written: no client that tidies the path up. */
function get(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { port } = rig.server;
    const asked = request({ host: "127.0.0.1", port, path, method, headers, agent: false }, (response) => {
      let body = "";
      response.setEncoding("latin1").on("data", (part: string) => {
        body += part;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    asked.on("error", reject);
    asked.end();
  });
}

/** Bytes on the wire, and what comes back until the server closes. */
function raw(text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(rig.server.port, "127.0.0.1");
    let heard = "";
    socket.on("data", (bytes) => {
      heard += bytes.toString("latin1");
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(heard));
    socket.write(text);
  });
}

describe("files", () => {
  test("the page comes with a policy that lets nothing else in, and is asked for anew each time", async () => {
    const { status, headers, body } = await get("/");
    assert.equal(status, 200);
    // What tells the page that there is a board behind this server.
    assert.match(body, /<meta name="godwit-board" content="virtual" \/><title>page/);
    assert.equal(headers["content-type"], "text/html; charset=utf-8");
    const policy = String(headers["content-security-policy"]);
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /script-src 'self';/);
    assert.match(policy, new RegExp(`connect-src 'self' ws://127\\.0\\.0\\.1:${rig.server.port};`));
    assert.match(policy, /frame-ancestors 'none'/);
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["cross-origin-resource-policy"], "same-origin");
    assert.equal(headers["cache-control"], "no-cache");
    const again = await get("/index.html", { "If-None-Match": String(headers["etag"]) });
    assert.deepEqual([again.status, again.body], [304, ""]);
  });

  test("what has a hash in its name is kept for good; types are told", async () => {
    const script = await get("/assets/main-AbCd1234.js?v=1");
    assert.match(String(script.headers["cache-control"]), /immutable/);
    assert.equal(script.headers["content-type"], "text/javascript; charset=utf-8");
    const manifest = await get("/manifest.webmanifest");
    assert.equal(manifest.headers["content-type"], "application/manifest+json; charset=utf-8");
    assert.equal(manifest.headers["cache-control"], "no-cache");
    const head = await get("/", {}, "HEAD");
    assert.deepEqual([head.status, head.body], [200, ""]);
  });

  test("nothing outside the page's folder, whatever the way", async () => {
    const { secret } = rig;
    const paths = [
      `/../${secret}`,
      `/..%2f${secret}`,
      `/%2e%2e/${secret}`,
      `/assets/../../${secret}`,
      `/assets/..%2f..%2f${secret}`,
      `/..%5c${secret}`,
      `/%252e%252e/${secret}`,
      `/..;/${secret}`,
      `/.%00./${secret}`,
      "/link.txt", // A symbolic link to it.
      "//etc/passwd",
      "/etc/passwd",
    ];
    for (const path of paths) {
      const { status, body } = await get(path);
      assert.deepEqual([status, body], [404, "not found\n"], path);
    }
  });

  test("nothing that is no file of the page", async () => {
    for (const path of [
      "/.hidden",
      "/assets",
      "/assets/",
      "/index.html%00.js",
      "/%ff",
      "/%",
      "/nothing.js",
      "/constructor",
    ]) {
      const { status, body } = await get(path);
      assert.deepEqual([status, body], [404, "not found\n"], path);
    }
  });
});

describe("who may ask", () => {
  test("only this server's own names: a name that was made to lead here is refused, for documents and sockets too", async () => {
    const { port } = rig.server;
    for (const host of [
      "evil.test",
      `evil.test:${port}`,
      "127.0.0.1",
      `127.0.0.1:${port + 1}`,
      `127.0.0.1:${port}.evil.test`,
    ]) {
      for (const path of ["/", "/image.json"]) assert.equal((await get(path, { Host: host })).status, 421, host);
      assert.equal(await new Client(port, "/board", { Host: host }).closed(), 1006);
    }
    assert.equal((await get("/", { Host: `localhost:${port}` })).status, 200);
    assert.equal((await get("/", { Host: `LOCALHOST:${port}` })).status, 200);
    assert.equal(rig.links.length, 0);
  });

  test("documents are for the page alone", async () => {
    assert.deepEqual(await get("/image.json").then(({ status, body }) => [status, body]), [200, "[]"]);
    assert.equal((await get("/image.json", { "Sec-Fetch-Site": "same-origin" })).status, 200);
    for (const site of ["cross-site", "same-site"]) {
      assert.equal((await get("/image.json", { "Sec-Fetch-Site": site })).status, 403);
    }
    assert.equal((await get("/image.json")).headers["cache-control"], "no-store");
    assert.equal((await get("/pki.json")).status, 404);
  });

  test("a page from elsewhere opens no socket", async () => {
    const { port } = rig.server;
    for (const origin of [
      "http://evil.test",
      `http://localhost:${port}`,
      `https://127.0.0.1:${port}`,
      "null",
      `http://127.0.0.1:${port + 1}`,
    ]) {
      for (const path of ["/board", "/panel"]) {
        assert.equal(await new Client(port, path, { Origin: origin }).closed(), 1006, origin);
      }
    }
    assert.equal(rig.links.length, 0);
    assert.equal(rig.followers(), 0);
    const own = await new Client(port, "/panel", { Origin: `http://127.0.0.1:${port}` }).open();
    own.socket.close();
    assert.equal(await new Client(port, "/elsewhere").closed(), 1006);
    await until("the page is gone", () => rig.followers() === 0);
  });

  test("nothing but GET and HEAD, and no endless path", async () => {
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
      const { status, headers } = await get("/", {}, method);
      assert.deepEqual([status, headers["allow"]], [405, "GET, HEAD"]);
    }
    assert.equal((await get(`/${"a".repeat(3000)}`)).status, 414);
    assert.equal((await get("/constructor")).status, 404);
    assert.equal((await get("/__proto__")).status, 404);
  });

  test("what is no HTTP is answered once and dropped; the server goes on", async () => {
    assert.match(await raw("\x16\x03\x01\x00\r\n\r\n"), /^HTTP\/1\.1 400 /);
    assert.match(await raw(`GET / HTTP/1.1\r\nX: ${"a".repeat(20_000)}\r\n\r\n`), /^HTTP\/1\.1 400 /);
    assert.match(
      await raw("GET /board HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
      /^HTTP\/1\.1 421 /,
    );
    const own = `Host: 127.0.0.1:${rig.server.port}`;
    assert.match(
      await raw(`GET /board HTTP/1.1\r\n${own}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`),
      /^HTTP\/1\.1 400 /,
    );
    assert.equal((await get("/")).status, 200);
  });
});

test("a port that is taken leads to the next one", async () => {
  const second = await startRig(rig.server.port);
  try {
    assert.ok(second.server.port > rig.server.port);
    assert.equal(second.server.url, `http://127.0.0.1:${second.server.port}/`);
  } finally {
    await second.close();
  }
});

test("a port that cannot be had at all is an error", async () => {
  // Above the last there is none.
  await assert.rejects(startRig(70_000), { code: "ERR_SOCKET_BAD_PORT" });
});
