import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { runInNewContext } from "node:vm";
import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";
import { bundleModule } from "../../tools/build/bundle.ts";
import { banner, boardIds, bundleFirmware, type Firmware, writeFirmware } from "../../tools/build/firmware.ts";
import { root } from "../../tools/build/paths.ts";
import { pretokenise, untokenise } from "../../tools/build/pretokenise.ts";

const fixture = (file: string) => join(root, "test", "build", "fixtures", "firmware", file);
const build = (file: string, minify = true) =>
  bundleFirmware({ board: "rak5010", entry: fixture(file), buildTime: 1_700_000_000, minify });

function run(code: string): unknown[][] {
  const printed: unknown[][] = [];
  const print = (...values: unknown[]) => void printed.push(values);
  const setInterval = (tick: () => void) => {
    tick();
    tick();
  };
  runInNewContext(code, { print, setInterval });
  return printed;
}

describe("the firmware", () => {
  let image: Firmware;
  before(async () => {
    image = await build("main.ts");
  });

  it("runs, minified or not, and says what it was built as", async () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
    const expected = [
      ["rak5010", version, 1_700_000_000, 1],
      ["rak5010", version, 1_700_000_000, 2],
      [60000, '{"blinks":2}'],
    ];
    assert.deepEqual(run(image.code), expected);
    assert.deepEqual(run((await build("main.ts", false)).code), expected);
  });

  it("is the same every time, byte for byte", async () => {
    const again = await build("main.ts");
    assert.equal(again.code, image.code);
    assert.equal(again.map, image.map);
    assert.deepEqual(again.names, image.names);
  });

  it("keeps public names and the chip's, and shortens the others", () => {
    assert.match(image.code, /blinks/);
    assert.match(image.code, /stringify/);
    assert.doesNotMatch(image.code, /internalCount|createBlinker|onBlink/);
    assert.ok(!("blinks" in image.names));
  });

  it("says where a name would not reach the JSON, and only there", async () => {
    const { findings, code } = await build("json.ts");
    assert.deepEqual(
      findings.map(({ rule, file, line, text }) => [rule, file, line, text]),
      [["renamed-json", "test/build/fixtures/firmware/json.ts", 2, "degrees"]],
    );
    const [[text] = []] = run(code);
    assert.deepEqual(Object.keys(JSON.parse(String(text)) as object)[0], "t");
    assert.deepEqual((await build("json.ts", false)).findings, []);
  });

  it("takes an exponent of the author's, minified or not", async () => {
    for (const minify of [true, false]) {
      const { code, findings } = await build("exponent.ts", minify);
      assert.deepEqual(findings, []);
      assert.deepEqual(run(code), [[100_000]]);
      assert.doesNotMatch(code, /1e5/);
    }
  });

  it("has whole numbers without exponent, in ASCII, on one line", () => {
    assert.match(image.code, /60000/);
    assert.match(image.code, /^[\x20-\x7e]+\n$/);
  });

  it("has a map to the lines of TypeScript", () => {
    const at = image.code.indexOf("setInterval");
    const place = originalPositionFor(new TraceMap(image.map), { line: 1, column: at });
    assert.equal(place.source, "test/build/fixtures/firmware/blinker.ts");
    assert.equal(place.line, 21);
  });

  it("makes the globals of the language before its own", async () => {
    assert.ok(image.code.startsWith(banner));
    assert.ok((await build("main.ts", false)).code.startsWith(banner));
    assert.deepEqual(image.findings, []);
    const place = originalPositionFor(new TraceMap(image.map), { line: 1, column: banner.length });
    assert.match(place.source ?? "", /^test\/build\/fixtures\/firmware\//);
    assert.equal(originalPositionFor(new TraceMap(image.map), { line: 1, column: 0 }).source, null);
  });

  it("is weighed to the last byte", () => {
    assert.equal(
      image.modules.reduce((sum, m) => sum + m.bytes, 0),
      image.total,
    );
    assert.equal(image.total, image.code.length);
    assert.ok(image.pretokenised < image.total);
  });

  it("is as tokens what it is as text", () => {
    assert.deepEqual(run(untokenise(pretokenise(image.code))), run(image.code));
  });

  it("names the TypeScript line of what the interpreter lacks", async () => {
    const { findings } = await build("broken.ts");
    const places = findings.map(({ rule, file, line }) => `${rule} ${file.split("/").pop()}:${line}`);
    assert.deepEqual(places, ["missing-method broken.ts:3", "spread broken.ts:4"]);
  });

  it("is written with its map and names", () => {
    const directory = mkdtempSync(join(tmpdir(), "godwit-build-"));
    try {
      const files = writeFirmware(image, directory).map((file) => file.slice(directory.length + 1));
      assert.deepEqual(files, ["rak5010.js", "rak5010.js.map", "rak5010.names.json"]);
      assert.equal(readFileSync(join(directory, "rak5010.js"), "latin1"), image.code);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it("is refused for a board that is not there", async () => {
    await assert.rejects(bundleFirmware({ board: "toaster" }), (error: Error & { code?: string }) => {
      assert.equal(error.code, "UNKNOWN_BOARD");
      for (const board of boardIds()) assert.ok(error.message.includes(board));
      return true;
    });
  });
});

describe("one module as a script", () => {
  const load = async (entry: string) => {
    const exports: Record<string, unknown> = {};
    runInNewContext((await bundleModule(entry)).code, { exports });
    return exports;
  };

  it("gives its exports", async () => {
    const { answer, createCounter } = await load("test/build/fixtures/module/counter.ts");
    assert.equal(answer, 42);
    const counter = (createCounter as (start: number) => { count(): number })(10);
    assert.deepEqual([counter.count(), counter.count()], [15, 20]);
  });

  it("keeps its names and is lowered like the image", async () => {
    const { code, map } = await bundleModule("test/build/fixtures/module/counter.ts");
    assert.match(code, /createCounter = \(start\) =>/);
    assert.doesNotMatch(code, /\b(let|const)\b/);
    assert.deepEqual(JSON.parse(map).sources.sort(), [
      "test/build/fixtures/module/counter.ts",
      "test/build/fixtures/module/twice.ts",
    ]);
  });

  it("is refused when it is not there", async () => {
    await assert.rejects(bundleModule("modules/nothing.ts"), /there is no such file/);
  });
});
