import assert from "node:assert/strict";
import { test } from "node:test";
import { createConsoleLines, MAX_LINE } from "../../tools/trace/console-lines.ts";

function linesOf(...pieces: string[]): { lines: string[]; lost: number[] } {
  const lines: string[] = [];
  const lost: number[] = [];
  const reader = createConsoleLines(
    (line) => void lines.push(line),
    (chars) => void lost.push(chars),
  );
  for (const piece of pieces) reader.feed(piece);
  reader.end();
  return { lines, lost };
}

test("lines of the interpreter: CR LF, prompts that it erases, an input line under way", () => {
  // As jsinteractive.c writes them: to the start of the line, erase, the text, and the prompt with the input again.
  const text = ">\r\x1b[J>AT+CSQ\r\n>1+1\x1b[D\x1b[D\r\x1b[J<+CSQ: 20,99\r\n>1+1\r\x1b[J<OK\r\n>";
  assert.deepEqual(linesOf(text).lines, [">AT+CSQ", "<+CSQ: 20,99", "<OK", ">"]);
  assert.deepEqual(linesOf(...text).lines, linesOf(text).lines, "byte by byte");
});

test("empty lines are none, and what stands behind the last line end counts at the end", () => {
  assert.deepEqual(linesOf("\r\n\n  \r\na\n", "b").lines, ["a", "b"]);
});

test("a line that never ends is thrown away, counted, and the next one is whole", () => {
  const { lines, lost } = linesOf("x".repeat(MAX_LINE + 1), "y".repeat(9), "\nnext\n");
  assert.deepEqual(lines, ["next"]);
  assert.deepEqual(lost, [MAX_LINE + 10]);
});
