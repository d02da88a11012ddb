import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { createDigest, type Digest, type Expected, type Piece } from "../../tools/repl/digest.ts";

const ids = new Set(["Abc", "Xy9"]);
const due: Expected = { isAnswerDue: () => true, isAnswer: (id) => ids.has(id), isFrame: (id) => id === "Fr1" };
const idle: Expected = { isAnswerDue: () => false, isAnswer: () => false, isFrame: (id) => id === "Fr1" };

const response = (body: string, length = body.length): string =>
  `\x10\x01${String.fromCharCode(length >> 8, length & 255)}${body}`;
const text = (shown: string): Piece => ({ kind: "text", text: shown });
const answer = (id: string, body: string): Piece => ({ kind: "response", id, body });

/** Neighbouring texts as one: how text is cut is nobody's business. */
function joined(pieces: readonly Piece[]): Piece[] {
  const all: Piece[] = [];
  for (const piece of pieces) {
    const last = all.at(-1);
    if (piece.kind === "text" && last?.kind === "text") all.splice(-1, 1, text(last.text + piece.text));
    else all.push(piece);
  }
  return all;
}

function digest(chunks: readonly string[], expected: Expected, parser: Digest = createDigest()): Piece[] {
  return joined([...chunks.flatMap((chunk) => parser.feed(chunk, expected)), ...parser.release(expected)]);
}

const isFlow = ({ kind }: Piece): boolean => kind === "xon" || kind === "xoff";
const isContent = (piece: Piece): boolean => !isFlow(piece);

/** Length 17 and 19 look like XON and XOFF. */
const of = (length: number): string => `{Abc:0,v:"${"x".repeat(length - 12)}"}`;

interface Case {
  says: string;
  bytes: string;
  expected?: Expected;
  pieces: Piece[];
}

const cases: Case[] = [
  { says: "text", bytes: "hello\r\n>", pieces: [text("hello\r\n>")] },
  { says: "an answer", bytes: `\x06${response("{Abc:0,v:1}")}`, pieces: [answer("Abc", "{Abc:0,v:1}")] },
  { says: "undefined", bytes: `\x06${response("{Abc:0}")}`, pieces: [answer("Abc", "{Abc:0}")] },
  {
    says: "text on both sides of an answer",
    bytes: `hi\r\n\x06${response("{Abc:0}")}>`,
    pieces: [text("hi\r\n"), answer("Abc", "{Abc:0}"), text(">")],
  },
  {
    says: "two answers and a refusal",
    bytes: `\x06${response("{Abc:0}")}\x15Uncaught x\r\n\x06${response("{Xy9:0,v:2}")}`,
    pieces: [answer("Abc", "{Abc:0}"), { kind: "nak" }, text("Uncaught x\r\n"), answer("Xy9", "{Xy9:0,v:2}")],
  },
  {
    says: "text between ACK and answer, as a toJSON prints it",
    bytes: `\x06j\r\n${response("{Abc:0,v:4}")}`,
    pieces: [text("\x06j\r\n"), answer("Abc", "{Abc:0,v:4}")],
  },
  {
    says: "XOFF and XON",
    bytes: "a\x13b\x11c",
    pieces: [text("a"), { kind: "xoff" }, text("b"), { kind: "xon" }, text("c")],
  },
  {
    says: "XOFF within an answer",
    bytes: `\x06\x13\x10\x01\x00\x0b{Abc:0,\x11v:1}`,
    pieces: [{ kind: "xoff" }, { kind: "xon" }, answer("Abc", "{Abc:0,v:1}")],
  },
  { says: "a length that looks like XON", bytes: response(of(17)), pieces: [answer("Abc", of(17))] },
  { says: "a length that looks like XOFF", bytes: response(of(19)), pieces: [answer("Abc", of(19))] },
  {
    says: "XOFF before the length",
    bytes: "\x10\x01\x13\x00\x0b{Abc:0,v:1}",
    pieces: [{ kind: "xoff" }, answer("Abc", "{Abc:0,v:1}")],
  },
  {
    says: "XOFF within the length",
    bytes: "\x10\x01\x00\x13\x0b{Abc:0,v:1}",
    pieces: [{ kind: "xoff" }, answer("Abc", "{Abc:0,v:1}")],
  },
  {
    says: "XOFF behind the length",
    bytes: "\x10\x01\x00\x0b\x13{Abc:0,v:1}",
    pieces: [{ kind: "xoff" }, answer("Abc", "{Abc:0,v:1}")],
  },
  { says: "a length that looks like the answer's brace", bytes: response(of(0x7b)), pieces: [answer("Abc", of(0x7b))] },
  {
    says: "a line feed, before which the board puts a CR that it does not count",
    bytes: response("{Abc:0,v:function () {\r\nx}}", 26),
    pieces: [answer("Abc", "{Abc:0,v:function () {\nx}}")],
  },
  {
    says: "an answer that is too long for its length",
    bytes: response(of(9000)),
    pieces: [{ kind: "oversize", id: "Abc", length: 9000 }],
  },
  {
    says: "an answer to nothing that was asked",
    bytes: response("{Zzz:0,v:1}"),
    pieces: [text(response("{Zzz:0,v:1}"))],
  },
  {
    says: "a forged header before the true one",
    bytes: `\x10\x01\x1f\xff\x06${response("{Abc:0,v:1}")}`,
    pieces: [text("\x10\x01\x1f\xff"), answer("Abc", "{Abc:0,v:1}")],
  },
  {
    says: "half a header before the true one",
    bytes: `\x06\x10\x06${response("{Abc:0,v:1}")}`,
    pieces: [text("\x06\x10"), answer("Abc", "{Abc:0,v:1}")],
  },
  {
    says: "control bytes while no answer is due",
    expected: idle,
    bytes: "\x06\x15\x10\x01x",
    pieces: [text("\x06\x15\x10\x01x")],
  },
  {
    says: "a frame, while no answer is due too",
    expected: idle,
    bytes: 'a\x1eFr1[1,"b"]\x1ec',
    pieces: [text("a"), { kind: "frame", id: "Fr1", payload: '[1,"b"]' }, text("c")],
  },
  { says: "a frame that nobody waits for", bytes: "\x1eFr2[]\x1e", pieces: [text("\x1eFr2[]\x1e")] },
  {
    says: "a mark before a frame",
    bytes: "\x1e\x1eFr1[]\x1e",
    pieces: [text("\x1e"), { kind: "frame", id: "Fr1", payload: "[]" }],
  },
];

describe("digest", () => {
  for (const { says, bytes, pieces, expected = due } of cases) {
    it(`tells ${says}`, () => assert.deepEqual(digest([bytes], expected), pieces));
    it(`tells ${says}, byte by byte`, () => assert.deepEqual(digest([...bytes], expected), pieces));
    it(`tells ${says}, behind garbage`, () => {
      const garbage = "\xff\x00\x1b[D\x10\x10\x01\x06\x1eF";
      const got = digest([...garbage, ...bytes], expected);
      // Flow control acts at once, before what is still held back.
      assert.deepEqual(joined(got.filter(isContent)), joined([text(garbage), ...pieces].filter(isContent)));
      assert.deepEqual(got.filter(isFlow), pieces.filter(isFlow));
    });
  }

  it("gives back what was held when it is not completed", () => {
    const parser = createDigest();
    assert.deepEqual(parser.feed("\x06\x10\x01\x00\x20{Abc:0,v:", due), []);
    assert.equal(parser.isPartial(), true);
    assert.deepEqual(joined(parser.release(due)), [text("\x06\x10\x01\x00\x20{Abc:0,v:")]);
    assert.equal(parser.isPartial(), false);
  });

  it("finds an answer within what an unfinished one has swallowed", () => {
    const forged = "\x10\x01\x00\xff{Abc:0,v:";
    assert.deepEqual(digest([forged + response("{Xy9:0}")], due), [text(forged), answer("Xy9", "{Xy9:0}")]);
  });

  it("does not collect a frame without an end for ever", () => {
    const parser = createDigest();
    const endless = `\x1eFr1${"y".repeat(20_000)}`;
    const pieces = joined(parser.feed(endless, due));
    assert.equal(parser.isPartial(), false);
    assert.deepEqual(pieces, [text(endless)]);
  });

  it("loses no byte of what is neither answer nor frame", () => {
    const seed = Date.now() & 0x7fffffff;
    const byte = fc.constantFrom(..."\x06\x10\x01\x00\x07\x15\x1e{}:Abc0FrXy9\r\n\xff");
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 80 }), fc.boolean(), (bytes, isWhole) => {
        const nothing: Expected = { isAnswerDue: () => true, isAnswer: () => false, isFrame: () => false };
        const pieces = digest(isWhole ? [bytes.join("")] : bytes, nothing);
        const shown = pieces.map((piece) => (piece.kind === "text" ? piece.text : "\x15")).join("");
        assert.equal(shown, bytes.join(""));
      }),
      { seed, numRuns: 500 },
    );
  });

  it("tells the same however the bytes are cut", () => {
    const seed = Date.now() & 0x7fffffff;
    const part = fc.oneof(
      fc.constantFrom(
        ...cases.filter(({ expected }) => expected === undefined).map(({ bytes }) => bytes.slice(0, 200)),
      ),
      fc.string({ maxLength: 10, unit: fc.constantFrom(..."ab\r\n>\x06\x10\x01\x1e{") }),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), fc.array(fc.nat({ max: 60 }), { maxLength: 8 }), (parts, cuts) => {
        const all = parts.join("");
        const at = [...new Set(cuts.map((cut) => cut % (all.length + 1)))].sort((a, b) => a - b);
        const chunks = [...at, all.length].map((end, i) => all.slice(at[i - 1] ?? 0, end));
        assert.deepEqual(digest(chunks, due), digest([all], due));
      }),
      { seed, numRuns: 500 },
    );
  });
});
