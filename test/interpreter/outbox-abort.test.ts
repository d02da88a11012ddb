/** Want of memory ends a callback wherever it stands, also in the middle of a write: what is accepted before and behind it stays. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { bundleModule } from "../../tools/build/bundle.ts";
import { type Interpreter, interpreterPath, startInterpreter } from "./harness.ts";

/** Operations of the flash: enough for some records, and for a turn of the page with what it has to copy. */
const STOPS = 40;

/** Throws in operation `nth` of the flash, which the interpreter does by itself when its memory is used up. */
const STOPPING = `fail=0,(function(flash){["write","erasePage","read"].forEach(function(name){
var native=flash[name];
flash[name]=function(a,b){if(fail&&!--fail)throw "stopped";return native.call(flash,a,b)};
})})(require("Flash"))`;

const TRIAL = `trial=function(nth){
var flash=require("Flash"),free=flash.getFree()[0],kept=[],n=0,i;
for(i=1;i<5;i++)flash.erasePage(free.addr+free.length-4096*i);
var box=require("outbox").createOutbox(4,0);
function put(){var id=String.fromCharCode(1,++n);try{if(box.put(id,"2"+"x".repeat(300)))kept.push(id)}catch(e){}}
for(i=0;i<9;i++)put();
for(i=0;i<3;i++)box.put(kept.shift(),"");
fail=nth;for(i=0;i<5;i++)put();fail=0;
for(i=0;i<6;i++)put();
var lost=kept.filter(function(id){return box.read(id)!="2"+"x".repeat(300)}).length,found={};
require("outbox").createOutbox(4,0).load(function(id){found[id]=1});
return [kept.length,lost,kept.filter(function(id){return !found[id]}).length].join()
}`;

function suite(): void {
  let interpreter: Interpreter;
  before(async () => {
    const { code } = await bundleModule("modules/mqtt/outbox.ts", { features: { MQTT5: false, OUTBOX: true } });
    interpreter = await startInterpreter({ storage: { outbox: code } });
  });
  after(() => interpreter?.stop());

  it("wherever a write or a turn of the page is stopped, nothing that was accepted is lost", async (context) => {
    if ((await interpreter.evaluate('require("Flash").getFree().length')) === "0")
      return context.skip("this interpreter has no free flash pages");
    await interpreter.evaluate(STOPPING.replaceAll("\n", ""));
    await interpreter.evaluate(TRIAL.replaceAll("\n", ""));
    for (let nth = 1; nth <= STOPS; nth++) {
      const answer = await interpreter.evaluate(`trial(${nth})`);
      const [kept, lost, gone] = answer.split(",").map(Number);
      assert.ok((kept ?? 0) >= 10, answer);
      assert.deepEqual([lost, gone], [0, 0], `stopped in operation ${nth}: lost now and after a reset, of ${kept}`);
    }
  });
}

if (interpreterPath() === undefined) console.log("interpreter: skipped, ESPRUINO is not set");
else describe("an outbox that is stopped in the middle", { timeout: 60_000 }, suite);
