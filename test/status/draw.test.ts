import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { readErrorTable } from "../../tools/errors/read-error-table.ts";
import { drawStatus } from "../../tools/status/draw.ts";
import { explainStatus } from "../../tools/status/explain.ts";
import { parseStatus } from "../../tools/status/view.ts";

const draw = (answer: unknown, spark?: string): string =>
  stripVTControlCharacters(drawStatus(explainStatus(parseStatus(answer, 0), readErrorTable()), spark));

test("a link that does not come up: the step that failed, the table's causes and remedies in order", () => {
  const text = draw(
    {
      s: {
        state: "secured",
        error: { code: "TLS_REFUSED", cause: 566, command: 'tls "broker.test":8883' },
        link: { connects: 0, failures: 3, rungs: [3, 0, 0, 0, 0, 0] },
      },
      m: { usage: 1400, total: 12_500 },
    },
    "▁▂▃",
  );
  assert.match(text, /^Not connected: TLS_REFUSED \(566\)/);
  assert.match(text, /\n✕ connected +not reached: TLS_REFUSED\n◉ secured/);
  assert.match(
    text,
    /newest failure: TLS_REFUSED \(566\)\n {2}command {2}tls "broker\.test":8883\n {2}The handshake failed/,
  );
  assert.match(text, /likely causes\n {4}1\. The server's certificate is expired[\s\S]*\n {4}2\. The CA/);
  assert.match(text, /what to do\n/);
  assert.match(text, /\nvariables +1400 of 12500 \(11 %\) {2}▁▂▃\n/);
  assert.match(text, /\nrecovery +socket 3\n/);
});

test("a mistake in godwit.json is told also while the defaults connect", () => {
  const text = draw({
    s: { state: "connected", config: { code: "CONFIG_UNKNOWN", cause: "hots" }, error: { code: "MQTT_TIMEOUT" } },
  });
  assert.match(text, /godwit\.json: CONFIG_UNKNOWN \(hots\)\n {2}There is no setting of this name/);
  assert.match(text, /newest failure: MQTT_TIMEOUT, it is over/);
  assert.doesNotMatch(text, /The network stalls/, "what is over is not explained at length");
});

test("no firmware", () => {
  const text = draw({ s: null, v: "2v29", b: "NRF52840DK", m: { usage: 60, total: 12_500 } });
  assert.match(text, /no Godwit firmware/);
  assert.match(text, /variables +60 of 12500/);
  assert.doesNotMatch(text, /connected|TLS/, "no ladder of what is not there");
});
