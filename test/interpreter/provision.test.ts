/**
 * The private key on the real interpreter: it passes through, and afterwards nothing of it is left anywhere in the memory of the
 * process, which for the interpreter's part is that of the chip.
 */
import assert from "node:assert/strict";
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, realpathSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { bundleFirmware } from "../../tools/build/firmware.ts";
import { SCRUB } from "../../tools/provision/device-code.ts";
import { prepare } from "../../tools/provision/inspect.ts";
import { rules } from "../../tools/provision/rules/quectel-bg9x.ts";
import { listStore, provision, removeFile, scrub } from "../../tools/provision/write.ts";
import { quote } from "../../tools/repl/quote.ts";
import type { Session } from "../../tools/repl/session.ts";
import { parseToJs } from "../../tools/repl/to-js.ts";
import { keyPem, keysOf } from "../provision/forge.ts";
import { unasked } from "../provision/stand-in.ts";
import { type Field, startField } from "./field.ts";
import { type Interpreter, interpreterPath } from "./harness.ts";

/** The interpreter's input thread on Linux crashes now and then on more at once than its queue holds. */
const LINE = 400;

/** A Session by the harness' own wire; what is longer than a line is gathered there. */
function sessionOf(interpreter: Interpreter): Session {
  const run = async (expression: string): Promise<string> => {
    if (expression.length <= LINE) return interpreter.evaluate(expression);
    for (let at = 0; at < expression.length; at += LINE)
      await interpreter.evaluate(
        `(global["\\xFFline"]${at === 0 ? "=" : "+="}${quote(expression.slice(at, at + LINE))},0)`,
      );
    return interpreter.evaluate('(l=>(delete global["\\xFFline"],eval(l)))(global["\\xFFline"])');
  };
  const evaluate = async (expression: string): Promise<unknown> => parseToJs(await run(`E.toJS([${expression}])`));
  const value = async (expression: string): Promise<unknown> => {
    const list = await evaluate(expression);
    return Array.isArray(list) ? list[0] : undefined;
  };
  return {
    ...unasked,
    evaluate: value,
    async call(code) {
      await run(
        `(delete global["\\xFFanswer"],(function(done){${code}})(function(){global["\\xFFanswer"]=E.toJS([].slice.call(arguments))}),0)`,
      );
      for (let look = 0; look < 600; look++) {
        const answer = await interpreter.evaluate('global["\\xFFanswer"]||""');
        if (answer !== "") return parseToJs(answer) as unknown[];
        await sleep(50);
      }
      throw new Error("no answer");
    },
  };
}

/** The process of the interpreter: a child of this one. */
function processId(): number {
  const binary = realpathSync(interpreterPath() ?? "");
  const found = readdirSync("/proc").filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const parent = Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, "latin1"))?.[1]);
      return parent === process.pid && readlinkSync(`/proc/${name}/exe`) === binary;
    } catch {
      return false; // gone meanwhile, or somebody else's
    }
  });
  assert.equal(found.length, 1, "one interpreter");
  return Number(found[0]);
}

/** Everything that the process can write, its stack included. */
function memoryOf(pid: number): string[] {
  const file = openSync(`/proc/${pid}/mem`, "r");
  try {
    const maps = readFileSync(`/proc/${pid}/maps`, "latin1").split("\n");
    return maps.flatMap((line) => {
      const [, start = "", end = "", rights = ""] = /^([0-9a-f]+)-([0-9a-f]+) (\S+)/.exec(line) ?? [];
      if (!rights.startsWith("rw")) return [];
      const bytes = Buffer.alloc(Number(BigInt(`0x${end}`) - BigInt(`0x${start}`)));
      const read = readSync(file, bytes, 0, bytes.length, BigInt(`0x${start}`));
      return [bytes.subarray(0, read).toString("latin1")];
    });
  } finally {
    closeSync(file);
  }
}

/**
 * Pieces of a text of bytes that are in memory: eight in a row, or four, two of anything, and four. The latter is what is left of
 * a part of a string when it is freed: the link to the next free variable takes the place of its fifth and sixth byte.
 */
function piecesOf(secret: string): string[] {
  const forms = [
    (text: string, at: number) => text.slice(at, at + 8),
    (text: string, at: number) => `${text.slice(at, at + 4)}..${text.slice(at + 6, at + 10)}`,
  ];
  const found = new Set<string>();
  const memory = memoryOf(processId());
  for (const form of forms) {
    const wanted = new Set(Array.from({ length: secret.length - 9 }, (_, at) => form(secret, at)));
    for (const text of memory)
      for (const { 0: run, index } of text.matchAll(/[^\0]{4,}/g))
        for (let at = index; at < index + run.length; at++) {
          const piece = form(text, at);
          if (wanted.has(piece)) found.add(piece);
        }
  }
  return [...found];
}

/** Base64 between the first and the last line. */
const bodyOf = (pem: string): string => pem.split("\n").slice(1, -2).join("");

/** The halves in which the key travelled, as text and as bytes: two of them are the key. */
function halvesIn(sent: readonly string[]): string[] {
  const texts = sent
    .filter((text) => text.includes("xFFhalf"))
    .flatMap((text) => text.match(/[A-Za-z0-9+/=]{60,}/g) ?? []);
  return [...texts, ...texts.map((text) => Buffer.from(text, "base64").toString("latin1"))];
}

function suite(): void {
  let field: Field;
  let session: Session;
  const keys = ["ec", "rsa"].map((kind) =>
    kind === "ec" ? keyPem(keysOf("prime256v1"), "sec1") : keyPem(keysOf("rsa2048"), "pkcs1"),
  );

  before(async () => {
    const { code } = await bundleFirmware({ board: "rak5010", features: { OUTBOX: false } });
    field = await startField({ board: "rak5010", image: code, intervalS: 3600 });
    session = sessionOf(field.interpreter);
    for (let look = 0; !field.interpreter.console().includes("link connected"); look++) {
      assert.ok(look < 600, field.interpreter.console());
      await sleep(100);
    }
  });
  after(() => field?.stop());

  for (const [index, key] of keys.entries()) {
    it(`key ${index + 1}: is in memory when nothing overwrites it, and in no piece afterwards`, async () => {
      const sent: string[] = [];
      const lazy: Session = {
        ...session,
        evaluate(text) {
          sent.push(text);
          return text === SCRUB ? Promise.resolve("1") : session.evaluate(text);
        },
        call(text) {
          sent.push(text);
          return session.call(text);
        },
      };
      await provision(lazy, { key }, { rules });
      assert.equal(field.modem.files.get("client.key")?.toString("latin1"), key);
      const before = piecesOf(bodyOf(key));
      assert.ok(before.length > 0, "this test could not fail");
      const start = Date.now();
      assert.equal(await scrub(session), true);
      const left = piecesOf(bodyOf(key));
      console.log(
        `${before.length} pieces of ${key.length} bytes, ${left.length} after overwriting in ${Date.now() - start} ms`,
      );
      assert.deepEqual(left, []);
      const halves = halvesIn(sent);
      assert.equal(halves.length, 4);
      for (const half of halves) assert.deepEqual(piecesOf(half), [], "half of the key");
    });

    it(`key ${index + 1}: provisioned as a user does`, async () => {
      const result = await provision(session, { key }, { rules });
      assert.deepEqual(result.written, [
        { role: "key", name: "client.key", bytes: key.length, isReplaced: true, isListed: true },
      ]);
      assert.equal(result.isScrubbed, true);
      assert.deepEqual(piecesOf(bodyOf(key)), []);
    });
  }

  it("lists, removes, and writes more than a packet holds", async () => {
    const ca = field.modem.files.get("ca.pem")?.toString("latin1") ?? "";
    const { ca: long } = await prepare({ ca }, rules);
    const text = (long ?? "").repeat(15);
    assert.ok(text.length > 8191);
    await provision(session, { ca: text }, { rules });
    assert.equal(field.modem.files.get("ca.pem")?.toString("latin1"), text);
    await provision(session, { ca }, { rules });
    await removeFile(session, "client.key", rules);
    const names = (await listStore(session, rules)).map(({ name }) => name);
    assert.deepEqual(names.sort(), ["ca.pem", "client.pem"]);
    assert.equal(await session.evaluate('global["\\xFFpem"]===undefined'), true);
  });

  it("no error flag was raised, and all memory is free again", async () => {
    const status = await field.status();
    assert.deepEqual(status.flags, []);
    assert.equal(status.crashes.count, 0, JSON.stringify(status.crashes));
    assert.doesNotMatch(field.interpreter.console(), /Uncaught|ERROR|PRIVATE KEY/);
    const { usage } = await field.interpreter.memory();
    assert.ok(usage < 3000, `${usage} variables`);
  });
}

if (interpreterPath() === undefined) console.log("interpreter: skipped, ESPRUINO is not set");
else describe("provisioning on the real interpreter", { timeout: 180_000 }, suite);
