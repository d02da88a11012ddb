/**
 * What an image costs on the real interpreter: `ESPRUINO=<path> npx tsx bench/interpreter.ts [board]`, and behind the board
 * `--with mqtt5` or `--without outbox` as for the build; the budget is that of an image without either. For numbers that hold
 * on the chip the interpreter has to be built board-like: 32 bit, 12,500 variables of 14 bytes, unsigned char, no Unicode.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Field, sensors, startField } from "../test/interpreter/field.ts";
import { bareUsage, interpreterPath, type MemoryUse, startInterpreter } from "../test/interpreter/harness.ts";
import { bundleFirmware } from "../tools/build/firmware.ts";
import { pretokenise } from "../tools/build/pretokenise.ts";

/** docs/adr/0004-budgets.md: variables above the bare interpreter, connected and idle. */
const BUDGET = 1_400;
const VARIABLES_OF_THE_CHIP = 12_500;
const BYTES_OF_A_VARIABLE = 14;
const CONNECT_LIMIT_MS = 60_000;
/** Nothing is sent in this time, and buffers of the last packet are free again. */
const SETTLE_MS = 3_000;

interface Row {
  what: string;
  value: number;
  note?: string;
}

interface Usage {
  loaded: number;
  connected: number;
  /** AT command lines of the host, from power-on to the first PUBACK, and per further publish. */
  exchangesToFirst: number;
  exchangesPerPublish: number;
  memory: MemoryUse;
}

async function loadedUsage(image: string): Promise<number> {
  const interpreter = await startInterpreter({ image, boardPrelude: sensors });
  try {
    return (await interpreter.memory()).usage;
  } finally {
    await interpreter.stop();
  }
}

const exchanges = (field: Field): number => field.modemEvents.filter((event) => event.type === "command").length;
const acknowledged = (field: Field): number => field.packets("out").filter((packet) => packet.cmd === "puback").length;

async function untilAcknowledged(field: Field, count: number): Promise<void> {
  const limit = Date.now() + CONNECT_LIMIT_MS;
  while (acknowledged(field) < count) {
    if (Date.now() > limit) throw new Error(`no PUBACK within 60 s; the console said: ${field.interpreter.console()}`);
    await sleep(5);
  }
}

async function connectedUsage(board: string, image: string): Promise<Omit<Usage, "loaded">> {
  // So rarely that nothing happens while it is idle.
  const field = await startField({ board, image, intervalS: 3600 });
  try {
    await untilAcknowledged(field, 1);
    const exchangesToFirst = exchanges(field);
    await sleep(SETTLE_MS);
    const memory = await field.interpreter.memory();
    const before = exchanges(field);
    const done = acknowledged(field);
    await field.interpreter.evaluate('godwit.client.publish("bench/one","1",{qos:1}),1');
    await untilAcknowledged(field, done + 1);
    await sleep(SETTLE_MS);
    return { connected: memory.usage, memory, exchangesToFirst, exchangesPerPublish: exchanges(field) - before };
  } finally {
    await field.stop();
  }
}

function print(rows: readonly Row[]): void {
  const width = Math.max(...rows.map((row) => row.what.length));
  for (const { what, value, note } of rows) {
    console.log(`${what.padEnd(width)}  ${value.toLocaleString("en").padStart(7)}${note ? `  ${note}` : ""}`);
  }
}

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { with: { type: "string" }, without: { type: "string" } },
  });
  const [board = "rak5010"] = positionals;
  const isOn = (name: string): Record<string, boolean> => ({
    ...(values.with?.includes(name) ? { [name.toUpperCase()]: true } : {}),
    ...(values.without?.includes(name) ? { [name.toUpperCase()]: false } : {}),
  });
  if (interpreterPath() === undefined) {
    console.log("skipped: ESPRUINO does not name an interpreter");
    return;
  }
  const { code: image } = await bundleFirmware({ board, features: { ...isOn("mqtt5"), ...isOn("outbox") } });
  const tokens = pretokenise(image);
  const bare = await bareUsage({ boardPrelude: sensors });
  const plain = await connectedUsage(board, image);
  const short = await connectedUsage(board, tokens);
  const { total, blocksize } = plain.memory;
  if (total !== VARIABLES_OF_THE_CHIP || blocksize !== BYTES_OF_A_VARIABLE) {
    console.log(
      `This interpreter has ${total} variables of ${blocksize} bytes, the chip 12,500 of 14: read with care.`,
    );
  }
  print([
    { what: "image, bytes", value: image.length },
    { what: "image pretokenised, bytes", value: tokens.length },
    { what: "JsVars of the bare interpreter", value: bare, note: "with the harness' prelude" },
    { what: "JsVars above it, image loaded", value: (await loadedUsage(image)) - bare },
    { what: "  pretokenised", value: (await loadedUsage(tokens)) - bare },
    { what: "JsVars above it, connected and idle", value: plain.connected - bare, note: `budget ${BUDGET}` },
    { what: "  pretokenised", value: short.connected - bare },
    { what: "AT exchanges, power-on to first PUBACK", value: plain.exchangesToFirst },
    { what: "AT exchanges per QoS 1 publish", value: plain.exchangesPerPublish, note: "with its PUBACK" },
  ]);
}

await main();
