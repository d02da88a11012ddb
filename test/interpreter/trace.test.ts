/** Trace and status of the image on the real interpreter: what E.toJS writes, and what the console makes of it. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { bundleFirmware } from "../../tools/build/firmware.ts";
import { parseToJs } from "../../tools/repl/to-js.ts";
import { STATUS_EXPRESSION } from "../../tools/status/read-status.ts";
import { parseStatus } from "../../tools/status/view.ts";
import type { TraceEvent } from "../../tools/trace/event.ts";
import { createTraceParser } from "../../tools/trace/parse.ts";
import { type Field, startField } from "./field.ts";
import { interpreterPath } from "./harness.ts";

function decode(text: string): TraceEvent[] {
  const events: TraceEvent[] = [];
  const parser = createTraceParser({ onEvent: (event) => void events.push(event) });
  parser.feed(text, 0);
  parser.end(0);
  return events;
}

function suite(): void {
  let field: Field;
  before(async () => {
    const { code } = await bundleFirmware({ board: "rak5010" });
    field = await startField({ board: "rak5010", image: code, intervalS: 2 });
  });
  after(() => field?.stop());

  it("decodes PUBLISH and PUBACK", async () => {
    await field.interpreter.evaluate("godwit.trace=2");
    const has = (pattern: RegExp): boolean =>
      decode(field.interpreter.console()).some(({ kind, text }) => kind === "mqtt" && pattern.test(text));
    for (let look = 0; !(has(/^PUBLISH .*telemetry QoS 1 id \d+, \d+ bytes \{"/) && has(/^PUBACK/)); look++) {
      assert.ok(look < 300, field.interpreter.console().slice(-2000));
      await sleep(100);
    }
    const faults = decode(field.interpreter.console()).filter(
      ({ kind, severity }) => kind === "note" && severity === "fault",
    );
    assert.deepEqual(faults, []);
  });

  it("says how it is", async () => {
    // As a session reads it.
    const answer = await field.interpreter.evaluate(`E.toJS(${STATUS_EXPRESSION})`);
    const view = parseStatus(parseToJs(answer), 0);
    assert.deepEqual([view.hasFirmware, view.trace, view.crashes?.count, view.flags], [true, 2, 0, []]);
    assert.ok(view.link.state !== undefined && view.mqtt.queued !== undefined);
    assert.ok(view.memory !== undefined && view.memory.used > 1000);
  });
}

if (interpreterPath() === undefined) console.log("interpreter: skipped, ESPRUINO is not set");
else describe("the trace on the real interpreter", { timeout: 120_000 }, suite);
