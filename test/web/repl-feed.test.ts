import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Annotation, SourcePlace, Symbols } from "../../tools/symbols/symbols.ts";
import { createReplFeed } from "../../web/src/state/repl-feed.ts";

const PLACE: SourcePlace = { file: "src/app.ts", line: 12, column: 3, name: "report", isGuess: false };

/** Annotates by line: a line with `    at` is a frame and waits for two more, a word in capitals is a code. */
function lineSymbols(): Symbols {
  let tail = "";
  let held: string[] = [];
  function line(text: string): Annotation[] {
    if (held.length > 0) {
      held.push(text);
      if (held.length < 3) return [];
      const [frame = "", ...below] = held;
      held = [];
      return [
        { kind: "frame", text: frame.slice(0, -1), frame: { text: frame.slice(0, -1), source: PLACE } },
        { kind: "text", text: `\n${below.join("")}` },
      ];
    }
    if (text.startsWith("    at ")) {
      held = [text];
      return [];
    }
    const code = /TLS_REFUSED/.exec(text);
    if (code === null) return [{ kind: "text", text }];
    return [
      { kind: "text", text: text.slice(0, code.index) },
      { kind: "code", text: code[0], code: code[0] },
      { kind: "text", text: text.slice(code.index + code[0].length) },
    ];
  }
  return {
    feed(text) {
      const lines = (tail + text).split("\n");
      tail = lines.pop() ?? "";
      return lines.flatMap((one) => line(`${one}\n`));
    },
    flush() {
      const text = held.join("") + tail;
      held = [];
      tail = "";
      return text === "" ? [] : [{ kind: "text", text }];
    },
  };
}

function rig() {
  const codes: string[] = [];
  const places: string[] = [];
  const feed = createReplFeed(lineSymbols(), {
    onCode: (code) => codes.push(code),
    onPlace: ({ file, line }) => places.push(`${file}:${line}`),
  });
  return { feed, codes, places };
}

const TRACE = "Uncaught Error: boo\n    at beta (:1:24)\nthrow new Error(1)\n      ^\n>";
const SHOWN =
  "Uncaught Error: boo\n    at beta (:1:24)\x1b[36m <- src/app.ts:12 (report)\x1b[39m\nthrow new Error(1)\n      ^\n>";

describe("REPL text", () => {
  it("shows each char as it comes: who types wants to see it", () => {
    const { feed } = rig();
    assert.deepEqual(
      [..."go\x1b[J("].map((char) => feed.feed(char)),
      [..."go\x1b[J("],
    );
  });

  it("puts file and line behind a frame", () => {
    const { feed, places } = rig();
    assert.equal(feed.feed(TRACE), SHOWN);
    assert.deepEqual(places, ["src/app.ts:12"]);
  });

  it("does so too when it comes byte by byte", () => {
    const { feed } = rig();
    assert.equal([...TRACE].map((char) => feed.feed(char)).join(""), SHOWN);
  });

  it("tells of a code once, also when the line was shown before it ended", () => {
    const { feed, codes } = rig();
    assert.equal(
      [..."link timed ! TLS_REFUSED 566\n"].map((char) => feed.feed(char)).join(""),
      "link timed ! TLS_REFUSED 566\n",
    );
    assert.deepEqual(codes, ["TLS_REFUSED"]);
  });

  it("gives back what it held when nothing follows", () => {
    const { feed } = rig();
    assert.equal(feed.feed("    at "), "");
    assert.equal(feed.isHolding, true);
    assert.equal(feed.idle(), "    at ");
    assert.equal(feed.isHolding, false);
  });

  it("loses and doubles nothing, whatever comes in whatever pieces", () => {
    const piece = fc.constantFrom("\n", "    at ", "    a", " ", "TLS_REFUSED", "x", "\r\x1b[J", ">", "é");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const { feed } = rig();
        const out = `${pieces.map((text) => feed.feed(text)).join("")}${feed.idle()}`;
        assert.equal(out.replaceAll("\x1b[36m <- src/app.ts:12 (report)\x1b[39m", ""), pieces.join(""));
      }),
    );
  });
});
