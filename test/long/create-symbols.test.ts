/**
 * What the real interpreter printed for fixtures/program.txt, each char as it came: run from a file in Storage
 * (storage-*), from flash pages by `eval(E.memoryArea(...))` (flash-*) and from RAM (ram-*), as script (*-plain) and
 * pretokenised (*-tokens).
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { annotateStack } from "../../tools/symbols/annotate-stack.ts";
import { createSymbols } from "../../tools/symbols/create-symbols.ts";
import type { Annotation, SymbolImage } from "../../tools/symbols/symbols.ts";
import { describePlace, fixture, framesOf, imageOf, textOf } from "../symbols/support.ts";

const script = fixture("program.txt");
const plain = imageOf(script, script);
const tokens = imageOf(script);
const codes = new Set(["AT_DEAF", "MODEM"]);

function annotate(image: SymbolImage, text: string): Annotation[] {
  const symbols = createSymbols([image], codes);
  return [...symbols.feed(text), ...symbols.flush()];
}

function placesOf(image: SymbolImage, text: string): string[] {
  return framesOf(annotate(image, text)).map(({ source }) => describePlace(source));
}

/** Lines of fixtures/program.txt; `top` is what the script itself goes by, from the inside out. */
function expected(top: (line: number) => string[]): string[] {
  const shown = (line: number, ...frames: string[]) => [...frames, `${line}`, "2 show", ...top(line)];
  return [
    ...shown(24, "1 fail", "3 viaReturn", "4 viaExpression", "7 method"),
    ...shown(25, "8 broken"),
    ...shown(26, "1 fail", "9 make"),
    ...shown(27, "1 fail", "14 inner", "15 go"),
    ...shown(28, "1 fail", "20 long"),
    ...shown(29, "29"),
    ...shown(30),
    ...["1 fail", "3 viaReturn", "31"], // an expression in a template: the rest is not printed
    ...shown(32, "1 fail", "3 viaReturn"),
    ...shown(33, "1 fail", "33"),
    ...shown(34, "1 fail", "34"),
    ...shown(35, "1 fail"),
    ...shown(36, "1 fail", "?"), // the text that `eval` was given
    "?", // the text of the JSON
    ...["1 fail", "3 viaReturn", "4 viaExpression", "7 method", "39"],
    ...["1 fail", "3 viaReturn"],
    ...["1 fail", "3 viaReturn", "4 viaExpression", "41"],
    ...["1 fail", "3 viaReturn", "?"], // the text that `setTimeout` was given
    ...["45 deep", "45 deep", "45 deep", "45 deep", "45 deep"], // no memory left
  ];
}

const inStorage = expected((line) => [`${line}`]);
const inFlash = expected((line) => [`${line}`, "?"]); // what evaluates the image is not in it
const inRam = expected(() => ["?"]); // the interpreter calls it what it calls a line that was typed

describe("what the interpreter printed", () => {
  const runs: [string, SymbolImage, string[]][] = [
    ["storage-plain.txt", plain, inStorage],
    ["storage-tokens.txt", tokens, inStorage],
    ["flash-plain.txt", plain, inFlash],
    ["flash-tokens.txt", tokens, inFlash],
    ["ram-plain.txt", plain, inRam],
  ];
  for (const [file, image, places] of runs) {
    const text = fixture(file);

    it(`${file}: every frame of the program has its line and its function`, () => {
      assert.deepEqual(placesOf(image, text), places);
    });

    it(`${file}: is the same text afterwards, byte by byte, and in pieces of any length`, () => {
      const whole = annotate(image, text);
      assert.equal(textOf(whole), text);
      fc.assert(
        fc.property(fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 20 }), (lengths) => {
          assert.deepEqual(merged(inPieces(image, text, lengths)), whole);
        }),
        { numRuns: 10, examples: [[[1]]] },
      );
    });

    it(`${file}: finds the same behind garbage and with a prompt and an event between two traces`, () => {
      const between = "\x1b[2K\r>godwit.status()\r\n=undefined\r\n> \xff\xfe    at nothing\r\n";
      const noisy = `\0\x01(:::1:1)\n    at \n${text.replaceAll(/(?<=\^\r?\n)(?! {4}at )/g, between)}`;
      assert.deepEqual(placesOf(image, noisy), places);
      assert.equal(textOf(annotate(image, noisy)), noisy);
    });
  }

  it("gives columns that are those of the call", () => {
    const [first, second] = framesOf(annotate(tokens, fixture("storage-tokens.txt")));
    const line = (n: number) => script.split("\n")[n - 1] ?? "";
    assert.equal(first?.source?.column, line(1).indexOf("new Error") + 1);
    assert.equal(second?.source?.column, line(3).indexOf("fail(a)") + 1);
  });

  it("knows no place in an image that is not the one that runs", () => {
    const other = imageOf(`var other=1;\n${script}`);
    const found = new Set(placesOf(other, fixture("storage-tokens.txt")));
    // But what has no position in the file is found by its source: a template, and what was printed without memory.
    assert.deepEqual([...found].sort(), ["32", "46 deep", "?"]);
  });

  it("finds each frame in the image that it belongs to", () => {
    const other = imageOf("var unlike=a=>{throw new Error(a)};unlike(1);");
    const text = fixture("storage-tokens.txt");
    const symbols = createSymbols([other, tokens], codes);
    assert.deepEqual(
      framesOf([...symbols.feed(text), ...symbols.flush()]).map(({ source }) => describePlace(source)),
      inStorage,
    );
  });
});

describe("one frame", () => {
  const twice = imageOf("var a=()=>{b(1)};\nvar c=()=>{b(1)};\nvar b=d=>{throw new Error(d)};\na();c();");

  it("is a guess when two functions have the same text and the name decides nothing", () => {
    assert.deepEqual(placesOf(twice, "    at :1:5\r\nb(1)\r\n    ^\r\n"), ["perhaps 1 a"]);
  });

  it("is none when the name is that of one of them", () => {
    assert.deepEqual(placesOf(twice, "    at c (:1:5)\r\nb(1)\r\n    ^\r\n"), ["2 c"]);
  });

  it("is not found when its source or its caret is another", () => {
    assert.deepEqual(placesOf(twice, "    at c (:1:5)\r\nb(2)\r\n    ^\r\n"), ["?"]);
    assert.deepEqual(placesOf(twice, "    at c (:1:5)\r\nb(1)\r\n  ^\r\n"), ["?"]);
  });

  it("takes the place by its name alone when the source was lost", () => {
    assert.deepEqual(placesOf(twice, "    at c (:1:5)\r\n"), ["2 c"]);
    assert.deepEqual(placesOf(twice, "    at :1:5\r\n"), ["?"]);
  });

  it("waits for the two lines below it, and for no more", () => {
    const symbols = createSymbols([twice], codes);
    assert.deepEqual(symbols.feed("    at c (:1:5)\r\nb(1)\r\n"), []);
    assert.equal(framesOf(symbols.feed("    ^\n")).length, 1);
    assert.deepEqual(symbols.feed("> "), []);
    assert.deepEqual(symbols.flush(), [{ kind: "text", text: "> " }]);
    assert.deepEqual(symbols.flush(), []);
  });

  it("is read with a name of 63 chars of source, new lines and all, and given up when it is none", () => {
    const text =
      "    at function (a) {\r\n  one\r\n  two\r\n  three\r\n  four\r\nfive\r\n    at c (:1:5)\r\nb(1)\r\n    ^\r\n";
    assert.deepEqual(placesOf(twice, text), ["2 c"]);
    assert.equal(textOf(annotate(twice, text)), text);
  });
});

describe("codes of errors", () => {
  it("are found as words, in any line that is not source", () => {
    const found = annotate(plain, '{"error":{"code":"AT_DEAF"}} AT_DEAFER xAT_DEAF MODEM,AT_DEAF\n');
    const [first, ...others] = found.filter(({ kind }) => kind === "code");
    assert.deepEqual(first, { kind: "code", text: "AT_DEAF", code: "AT_DEAF" });
    assert.deepEqual(others.map(({ text }) => text).join(), "MODEM,AT_DEAF");
  });

  it("are not looked for in the source below a frame", () => {
    const text = '    at b (:1:1)\r\nb("AT_DEAF")\r\n^\r\n';
    assert.deepEqual(
      annotate(plain, text).map(({ kind }) => kind),
      ["frame", "text"],
    );
  });
});

describe("a stack that was kept", () => {
  it("is annotated without its end of line", () => {
    const kept = "Error: failed: 3\n    at viaReturn (.bootcde:3:43)\nfail(a) + -10;\n      ^";
    const position = script.split("\n")[2]?.indexOf(") + -10") ?? 0;
    const stack = kept.replace("3:43", `3:${position + 1}`);
    assert.deepEqual(
      framesOf(annotateStack(stack, [plain])).map(({ source }) => describePlace(source)),
      ["3 viaReturn"],
    );
    assert.equal(textOf(annotateStack(stack, [plain])), stack);
  });
});

describe("hostile text", () => {
  it("never throws, and keeps every byte", () => {
    const piece = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("    at ", "\n", "\r", "...", "^", " (", ":1:", ")", ".bootcde", "function (", "fail(a)", "1:1"),
      fc.constantFrom(...fixture("flash-tokens.txt").split(/(?<=\n)/)),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const symbols = createSymbols([plain, tokens], codes);
        const found = [...pieces.flatMap((text) => symbols.feed(text)), ...symbols.flush()];
        assert.equal(textOf(found), pieces.join(""));
      }),
    );
  });

  it("does not keep a line that does not end", () => {
    const symbols = createSymbols([plain], codes);
    const line = "    at ".repeat(150_000);
    assert.equal(textOf(symbols.feed(line)), line);
    const drops = [..."x".repeat(50_000)].map((char) => symbols.feed(char)).filter((given) => given.length > 0);
    assert.ok(drops.every((given) => textOf(given).length < 5000) && drops.length >= 10);
  });

  it("takes a hundred thousand lines of frames that are in no image in seconds", () => {
    const symbols = createSymbols([tokens], codes);
    let frames = 0;
    for (let n = 1; n <= 100_000; n++) frames += framesOf(symbols.feed(`    at a (:1:${n})\n`)).length;
    assert.equal(frames + framesOf(symbols.flush()).length, 100_000);
  });

  it("knows no place when an image is damaged", () => {
    const text = fixture("storage-tokens.txt");
    const damaged: SymbolImage[] = [
      { ...tokens, code: tokens.code.slice(5) },
      { ...tokens, symbols: { ...tokens.symbols, script: "var (" } },
      { ...tokens, symbols: { ...tokens.symbols, map: "{" } },
      { ...tokens, symbols: { ...tokens.symbols, map: '{"version":3,"sources":[],"names":[],"mappings":"!"}' } },
    ];
    for (const image of damaged) {
      assert.deepEqual([...new Set(placesOf(image, text))], ["?"]);
      assert.equal(textOf(annotate(image, text)), text);
    }
  });
});

function inPieces(image: SymbolImage, text: string, lengths: readonly number[]): Annotation[] {
  const symbols = createSymbols([image], codes);
  const found: Annotation[] = [];
  for (let at = 0, n = 0; at < text.length; n++) {
    const length = lengths[n % lengths.length] ?? 1;
    found.push(...symbols.feed(text.slice(at, at + length)));
    at += length;
  }
  return [...found, ...symbols.flush()];
}

/** Text in pieces is the same text. */
function merged(annotations: readonly Annotation[]): Annotation[] {
  const out: Annotation[] = [];
  for (const annotation of annotations) {
    const last = out.at(-1);
    if (annotation.kind === "text" && last?.kind === "text") {
      out[out.length - 1] = { kind: "text", text: last.text + annotation.text };
    } else out.push(annotation);
  }
  return out;
}
