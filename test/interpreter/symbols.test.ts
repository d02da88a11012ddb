/** What the real interpreter prints when an image throws, found in the TypeScript from which the image was built. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { bundleFirmware, type Firmware } from "../../tools/build/firmware.ts";
import { root } from "../../tools/build/paths.ts";
import { pretokenise } from "../../tools/build/pretokenise.ts";
import { annotateStack } from "../../tools/symbols/annotate-stack.ts";
import type { SourcePlace, SymbolImage } from "../../tools/symbols/symbols.ts";
import { sensors } from "./field.ts";
import { type InterpreterOptions, interpreterPath, startInterpreter } from "./harness.ts";

/** Runs on the device; a line is known by the tag at its end. No source that is printed holds a raw `\x01`. */
const entry = `
function fail(depth: number): number {
  if (depth > 30) throw new Error("too deep"); // @throw
  return fail(depth + 10) + 1; // @again
}

class Meter {
  declare level: number;
  set(level: number): void {
    this.level = level;
  }
  read(): number {
    const twice = this.level * 2;
    return this.scaled(twice); // @read
  }
  scaled(by: number): number {
    if (by > 100) return by;
    const text = "a text that makes this function longer than what the interpreter shows of it";
    return (
      text.length +
      fail(by + 9) // @scaled
    );
  }
}

const createCounter = (limit: number) => {
  let count = 0;
  const check = (step: number): void => {
    count += step;
    if (count > limit) fail(count); // @check
    if (count > 2 * limit) print("not reached");
  };
  return {
    add: (step: number) => {
      print("adding");
      check(step); // @add
    },
  };
};

const probe = (title: string, run: (value: number) => void): void => {
  try {
    run(10); // @probe
  } catch (error) {
    print(\`\\x01\${title}\\n\${(error as Error).stack}\\x01\`);
  }
};

const meter = new Meter();
meter.set(10);
const counter = createCounter(5);
const nothing: { deep?: { er: number } } = {};

probe("method", () => meter.read()); // @method
probe("closure", (value) => {
  print("on its own line");
  counter.add(value); // @closure
});
probe("callback", (value) => {
  [1, value].map((each) => { // @map
    print(each);
    return fail(each); // @callback
  });
});
probe("undefined", (value) => {
  print(
    value,
    (nothing.deep as { er: number }).er, // @undefined
  );
});
probe("template", (value) => {
  print(\`<\${fail(value)}>\`); // @template
});
probe("argument", (value) => {
  print(
    1,
    Math.max(
      value,
      fail(value), // @argument
    ),
  );
});
setTimeout(() => {
  print("\\x01timer");
  counter.add(9); // @timer
}, 30);
setTimeout(
  () =>
    Promise.resolve(1).then((value) => {
      print("\\x01promise");
      fail(value); // @promise
    }),
  60,
);
setTimeout(() => print("\\x01end"), 90);
`;

const thrice = ["throw", "again", "again", "again"];
/** Tags of the frames, innermost first. */
const expected: Record<string, string[]> = {
  method: ["throw", "again", "scaled", "read", "method", "probe"],
  closure: [...thrice, "check", "add", "closure", "probe"],
  callback: [...thrice, "callback", "map", "probe"],
  undefined: ["undefined", "probe"],
  template: [...thrice, "template"],
  argument: [...thrice, "argument", "probe"],
  timer: ["throw", "again", "again", "check", "add", "timer"],
  promise: [...thrice, "promise"],
};

/** Copies an image to flash outside of Storage, as the flasher does, and runs it there. */
const runsFromFlash = `var F=require("Flash"),a=F.getFree()[0].addr,c=require("Storage").read("image"),n=c.length;
for(var i=0;i<n;i+=4096)F.erasePage(a+i);
for(var i=0;i<n;i+=1024){var s=c.substr(i,1024);while(s.length&3)s+=" ";F.write(s,a+i);}
eval(E.memoryArea(a,n));`;

interface Run {
  readonly image: SymbolImage;
  readonly options: InterpreterOptions;
}

function runsOf(firmware: Firmware): Record<string, Run> {
  const { code: script, map, names } = firmware;
  const symbols = { script, map, names };
  const tokens = pretokenise(script);
  return {
    "as a script in Storage": { image: { code: script, symbols }, options: { image: script } },
    "pretokenised in Storage": { image: { code: tokens, symbols }, options: { image: tokens } },
    "pretokenised in flash, by eval(E.memoryArea(...))": {
      image: { code: tokens, symbols },
      options: { image: runsFromFlash, storage: { image: tokens } },
    },
  };
}

function placesIn(text: string, image: SymbolImage): (SourcePlace | undefined)[] {
  return annotateStack(text, [image]).flatMap((found) => (found.kind === "frame" ? [found.frame.source] : []));
}

function suite(): void {
  let directory: string;
  let firmware: Firmware;
  let file: string;
  before(async () => {
    mkdirSync(join(root, ".cache"), { recursive: true });
    directory = mkdtempSync(join(root, ".cache", "symbols-"));
    file = join(directory, "entry.ts");
    writeFileSync(file, entry);
    firmware = await bundleFirmware({ board: "rak5010", entry: file });
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  const lineOf = (tag: string): number => entry.split("\n").findIndex((line) => line.endsWith(`// @${tag}`)) + 1;

  for (const name of [
    "as a script in Storage",
    "pretokenised in Storage",
    "pretokenised in flash, by eval(E.memoryArea(...))",
  ]) {
    it(`${name}: every frame has its file and line`, async () => {
      const run = runsOf(firmware)[name];
      assert.ok(run);
      const interpreter = await startInterpreter(run.options);
      try {
        for (let n = 0; n < 500 && !interpreter.console().includes("\x01end"); n++) await sleep(20);
        const text = interpreter.console();
        for (const [title, tags] of Object.entries(expected)) {
          const trace = text.slice(text.indexOf(`\x01${title}`)).split("\x01")[1] ?? "";
          const places = placesIn(trace, run.image).slice(0, tags.length);
          assert.deepEqual(
            places.map((place) => place && [place.file, place.line, place.isGuess]),
            tags.map((tag) => [relative(root, file), lineOf(tag), false]),
            `${title}:\n${trace}`,
          );
        }
      } finally {
        await interpreter.stop();
      }
    });
  }
}

/** The image itself, when functions of the interpreter throw that it calls. */
function theFirmware(): void {
  let run: Run;
  before(async () => {
    const made = runsOf(await bundleFirmware({ board: "rak5010" }))["pretokenised in Storage"];
    assert.ok(made);
    run = made;
  });

  const sourceAt = ({ file, line, column }: SourcePlace): string => {
    const text = readFileSync(join(root, file), "utf8").split("\n")[line - 1] ?? "";
    return text.slice(column - 1);
  };

  /** The functions on the way from the native to the console or to what called them, innermost first. */
  const calls = (stack: string, native: string): string[] => {
    const [own, ...places] = placesIn(stack, run.image);
    assert.equal(own, undefined, "the native that throws is not the image's");
    const known = places.filter((place) => place !== undefined);
    const [first] = known;
    assert.ok(first !== undefined && sourceAt(first).startsWith(`${native}(`), stack);
    for (const place of known) {
      assert.ok(!place.isGuess, stack);
      assert.match(sourceAt(place), /^(new )?\w+\(/, stack); // at each of them, something is called
    }
    return known.map(({ name }) => name ?? "");
  };

  it("says where a native threw, and who called that", async () => {
    const interpreter = await startInterpreter({ ...run.options, boardPrelude: sensors });
    const stackOf = (statements: string): Promise<string> =>
      interpreter.evaluate(`(function(){try{eval(${JSON.stringify(statements)})}catch(e){return e.stack}})()`);
    try {
      const memory = await stackOf('process.memory=function(){throw new Error("no")};godwit.status()');
      assert.deepEqual(calls(memory, "memory"), ["status"]);
      const crc = await stackOf('E.CRC32=function(){throw new Error("no")};godwit.client.publish("a","b",{qos:1})');
      const names = calls(crc, "CRC32");
      assert.ok(names.includes("put") && names.at(-1) === "publish", names.join());
    } finally {
      await interpreter.stop();
    }
  });

  it("says where it was in what the firmware keeps of a caught exception", async () => {
    const breaks = 'Serial1.write=function(){throw new Error("no wire")};';
    const interpreter = await startInterpreter({ ...run.options, boardPrelude: sensors + breaks });
    try {
      let last = "";
      for (let n = 0; n < 300 && last === ""; n++) {
        await sleep(100);
        last = await interpreter.evaluate("godwit.status().crashes.last");
      }
      assert.match(last, /no wire/);
      assert.equal(calls(last, "write").at(-1), "guard");
    } finally {
      await interpreter.stop();
    }
  });
}

if (interpreterPath() === undefined)
  describe("stack traces on the interpreter", { skip: "ESPRUINO is not set" }, () => {});
else {
  describe("stack traces on the interpreter", suite);
  describe("stack traces of the firmware", theFirmware);
}
