import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createHistory } from "../../web/src/state/history.ts";
import { MAX_LINE, MAX_LINES, sendLines, toByteChars, toLines } from "../../web/src/state/paste.ts";

describe("history of the input line", () => {
  it("goes back and forth, and keeps what was being typed", () => {
    const history = createHistory();
    history.add("a");
    history.add("b");
    history.add("b");
    assert.equal(history.older("draft"), "b");
    assert.equal(history.older("b"), "a");
    assert.equal(history.older("a"), undefined);
    assert.equal(history.newer(), "b");
    assert.equal(history.newer(), "draft");
    assert.equal(history.newer(), undefined);
  });

  it("forgets empty lines, and the oldest", () => {
    const history = createHistory();
    for (let n = 0; n < 300; n++) history.add(String(n));
    history.add("  ");
    let steps = 0;
    while (history.older("") !== undefined) steps++;
    assert.equal(steps, 200);
  });
});

describe("a paste", () => {
  it("is cut into lines, whatever ends them", () => {
    assert.deepEqual(toLines("a\r\nb\rc\n\nd\n"), ["a", "b", "c", "", "d"]);
  });

  it("travels as bytes: a letter that has two is two chars", () => {
    assert.equal(toByteChars("é€"), "\xc3\xa9\xe2\x82\xac");
  });

  it("is refused when it is a bundle and not a snippet, with what to do", () => {
    assert.throws(() => toLines("x".repeat(MAX_LINE + 1)), /Line 1 .*Flash it/);
    assert.throws(() => toLines("x\n".repeat(MAX_LINES + 1)), /Flash it/);
  });

  it("goes line by line, each when the one before was echoed", async () => {
    const log: string[] = [];
    const sent = await sendLines(["a", "b"], {
      type: async (text) => void log.push(`type ${JSON.stringify(text)}`),
      echoed: async () => {
        await Promise.resolve();
        log.push("echo");
      },
      isCancelled: () => false,
    });
    assert.equal(sent, 2);
    assert.deepEqual(
      log.filter((line) => line.startsWith("type")),
      ['type "a\\n"', 'type "b\\n"'],
    );
    assert.ok(log.indexOf("echo") < log.indexOf('type "b\\n"'));
  });

  it("stops where it is interrupted", async () => {
    const typed: string[] = [];
    await sendLines(["a", "b", "c"], {
      type: async (text) => void typed.push(text),
      echoed: async () => {},
      isCancelled: () => typed.length === 2,
    });
    assert.deepEqual(typed, ["a\n", "b\n"]);
  });
});
