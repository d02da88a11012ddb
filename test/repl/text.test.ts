import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isExceptionOver, splitException } from "../../tools/repl/exception.ts";
import { LineReader } from "../../tools/repl/lines.ts";
import { TerminalFilter } from "../../tools/repl/terminal.ts";
import { TraceText } from "../../tools/repl/trace-text.ts";
import { IdentityWatch, LockWatch } from "../../tools/repl/watches.ts";
import type { Annotation, Symbols } from "../../tools/symbols/symbols.ts";

describe("an exception", () => {
  const trace =
    "Uncaught Error: a\r\nb\r\n    at f (:1:2)\r\nf()\r\n ^\r\n    at :1:9\r\n{Abc:0,v:(f())}\r\n        ^\r\n";
  const cases: [string, string, string | undefined, string][] = [
    ["a trace", trace, trace.replaceAll("\r\n", "\n").trimEnd(), ""],
    ["what the firmware prints behind it", `${trace}tick\r\n>`, trace.replaceAll("\r\n", "\n").trimEnd(), "tick\r\n>"],
    ["a thrown string", "Uncaught x\r\n>", "Uncaught x", ">"],
    [
      "Ctrl-C",
      "Execution Interrupted\r\n    at :1:9\r\nf()\r\n ^\r\n",
      "Execution Interrupted\n    at :1:9\nf()\n ^",
      "",
    ],
    [
      "the line that was erased for it",
      "\x1b[D\x1b[D\r\x1b[JUncaught x\r\n>ab",
      "Uncaught x",
      "\x1b[D\x1b[D\r\x1b[J>ab",
    ],
    ["nothing at all", ">", undefined, ">"],
    ["something else", "hello\r\n", undefined, "hello\r\n"],
  ];
  for (const [says, text, detail, rest] of cases) {
    it(`is told from the rest: ${says}`, () => assert.deepEqual(splitException(text), { detail, rest }));
  }
  it("is over at the prompt, and when it is longer than any", () => {
    assert.deepEqual([trace, `${trace}>`, ">", "a >", "x".repeat(5000)].map(isExceptionOver), [
      false,
      true,
      true,
      false,
      true,
    ]);
  });
});

describe("lines", () => {
  const read = (chunks: Iterable<string>): string[] => {
    const reader = new LineReader();
    return [...[...chunks].flatMap((chunk) => reader.feed(chunk)), ...reader.flush()];
  };
  const cases: [string, string, string[]][] = [
    ["what is printed", "a\r\nb\nc", ["a", "b", "c"]],
    [
      "no prompt and no line that is being typed",
      ">\r\x1b[Jtick\r\n>ab\x1b[D\x1b[D\r\x1b[Jtock\r\n>ab",
      ["tick", "tock", ">ab"],
    ],
    ["an empty line that was printed", "a\r\n\r\nb\r\n", ["a", "", "b"]],
    ["no escape and no control byte", "\x1b[31mred\x1b[0m\x07\x1b]0;title\x07!\r\n", ["red0;title!"]],
    ["bytes as they are", "caf\xc3\xa9\r\n", ["caf\xc3\xa9"]],
  ];
  for (const [says, text, lines] of cases) {
    it(`are ${says}`, () => assert.deepEqual(read([text]), lines));
    it(`are ${says}, byte by byte`, () => assert.deepEqual(read(text), lines));
  }
  it("have an end", () => {
    assert.deepEqual(
      read(["x".repeat(10_000)]).map((line) => line.length > 0 && line.length <= 10_000),
      [true, true],
    );
  });
});

describe("a terminal", () => {
  const filter = (chunks: Iterable<string>): string => {
    const terminal = new TerminalFilter();
    return [...chunks].map((chunk) => terminal.feed(chunk)).join("");
  };
  const cases: [string, string, string][] = [
    ["what the interpreter edits lines with", "\r\x1b[J>\x1b[D\x1b[C\x08a\t\r\n", "\r\x1b[J>\x1b[D\x1b[C\x08a\t\r\n"],
    ["no title, no colour, no answerback", "\x1b]0;x\x07\x1b[31m\x1b[c\x05\x9b", "?]0;x??[31m?[c?\x9b"],
    ["UTF-8, but for its control characters", "\xc3\xa9\xc2\xa9\xc2\x9b", "\xc3\xa9\xc2\xa9?"],
  ];
  for (const [says, text, shown] of cases) {
    it(`gets ${says}`, () => assert.equal(filter([text]), shown));
    it(`gets ${says}, byte by byte`, () => assert.equal(filter(text), shown));
  }
});

describe("watches", () => {
  it("find the identity wherever it is cut, and let all else through", () => {
    const text = "boot Esp\r\n>Espruino 2v29 RAK5010\r\n>Espr";
    for (let cut = 0; cut <= text.length; cut++) {
      const watch = new IdentityWatch();
      const found = [text.slice(0, cut), text.slice(cut)].map((chunk) => watch.feed(chunk));
      assert.deepEqual(
        found.map(({ identity }) => identity).filter((identity) => identity !== undefined),
        [{ version: "2v29", board: "RAK5010" }],
      );
      assert.equal(found.map((one) => one.text).join("") + watch.release(), "boot Esp\r\n>>Espr");
    }
  });

  it("hold back no endless line that starts like it", () => {
    const watch = new IdentityWatch();
    assert.equal(watch.feed(`Espruino ${"x".repeat(100)}`).text.length, 109);
  });

  it("know the prompt of a locked console, and not the word", () => {
    const lock = new LockWatch();
    assert.deepEqual(
      ["my password>", "\r\npass", "word>", "\r\n"].map((text) => lock.feed(text)),
      [false, false, true, false],
    );
  });
});

describe("a trace in the console's text", () => {
  /** Marks frames; holds everything until the line ends, as the true one does. */
  class Marker implements Symbols {
    private tail = "";
    feed(text: string): Annotation[] {
      const lines = (this.tail + text).split("\n");
      this.tail = lines.pop() ?? "";
      return lines.flatMap((line) => this.mark(`${line}\n`));
    }
    flush(): Annotation[] {
      const { tail } = this;
      this.tail = "";
      return this.mark(tail);
    }
    private mark(text: string): Annotation[] {
      const source = { file: "a.ts", line: 7, column: 1, name: "f", isGuess: false };
      const [, frame, end = ""] = /^( {4}at \S.*?)(\r?\n)?$/.exec(text) ?? [];
      if (frame === undefined) return [{ kind: "text", text }];
      return [
        { kind: "frame", text: frame, frame: { text: frame, source } },
        { kind: "text", text: end },
      ];
    }
  }

  it("has places, however it is cut, and what is typed is shown at once", () => {
    const trace = new TraceText(new Marker());
    assert.equal(trace.feed(">f"), ">f");
    assert.equal(trace.feed("()"), "()");
    const shown = [..."\r\nUncaught x\r\n    at f (:1:2)\r\nf()\r\n ^\r\n>"].map((byte) => trace.feed(byte)).join("");
    assert.equal(shown, "\r\nUncaught x\r\n    at f (:1:2) <- a.ts:7 (f)\r\nf()\r\n ^\r\n>");
    assert.equal(trace.feed("1"), "1");
  });
});
