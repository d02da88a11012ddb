/** The outbox on the interpreter's own flash: what was put is there after the plug was pulled. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { bundleModule } from "../../tools/build/bundle.ts";
import { type Interpreter, interpreterPath, startInterpreter } from "./harness.ts";

/** Few, so that the ring goes round. */
const PAGES = 4;

function suite(): void {
  let interpreter: Interpreter;
  let isThere = false;
  const list = () =>
    interpreter.evaluate(
      `(function(){var l=[];o.load(function(id,kind){l.push(E.toJS(id)+kind+(kind=="2"?o.read(id).length:""))});return l.join()})()`,
    );
  const open = async () => {
    isThere = (await interpreter.evaluate(`o=require("outbox").createOutbox(${PAGES},0),o?1:0`)) === "1";
  };

  before(async () => {
    const { code } = await bundleModule("modules/mqtt/outbox.ts", { features: { MQTT5: false, OUTBOX: true } });
    interpreter = await startInterpreter({ storage: { outbox: code } });
    await open();
  });
  after(() => interpreter?.stop());

  it("keeps messages, in their order, and the states of QoS 2", async (context) => {
    if (!isThere) return context.skip("this interpreter has no free flash pages");
    await interpreter.evaluate(
      `o.put("\\0\\1","2"+"x".repeat(99)),o.put("\\0\\2","4"+"y".repeat(49)),o.put("\\0\\3","2z"),o.put("\\0\\2","b"),o.put("\\0\\1",""),o.put("\\1\\1","P")`,
    );
    const before = await list();
    await interpreter.powerCycle();
    await open();
    assert.equal(await list(), before);
    assert.match(before, /2\b.*b.*2/s);
  });

  it("goes round its pages with one message that stays", async (context) => {
    if (!isThere) return context.skip("this interpreter has no free flash pages");
    const erased = await interpreter.evaluate(
      `(function(){for(var i=0;i<400;i++){var id=String.fromCharCode(2,i%200);if(!o.put(id,"2"+"m".repeat(60)))return "full";o.put(id,"")}return o.stats.erased})()`,
    );
    assert.ok(Number(erased) > PAGES, erased);
    await interpreter.powerCycle();
    await open();
    assert.match(await list(), /\\0\\3|\\3/);
  });
}

if (interpreterPath() === undefined) console.log("interpreter: skipped, ESPRUINO is not set");
else describe("the outbox on the real interpreter", { timeout: 60_000 }, suite);
