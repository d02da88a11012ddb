import assert from "node:assert/strict";
import { Duplex } from "node:stream";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { literal } from "./frames.ts";
import { bareUsage, type Interpreter, type InterpreterOptions, interpreterPath, startInterpreter } from "./harness.ts";

/** The smallest modem there is: echoes, and answers OK to every line. */
class EchoModem extends Duplex {
  received = "";
  constructor() {
    super({ read() {}, decodeStrings: true });
  }
  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    const text = bytes.toString("latin1");
    this.received += text;
    this.push(Buffer.from(text.replaceAll("\r", "\r\r\nOK\r\n"), "latin1"));
    done();
  }
}

const atClient = `
E.setConsole(null,{force:true});
Serial1.setup(115200,{rx:D8,tx:D6});
var rx="",lines=[];
Serial1.on("data",function(d){
  var parts=(rx+d).split("\\r\\n");
  rx=parts.pop();
  lines=lines.concat(parts);
});
Serial1.write("AT\\r");
`;

async function withInterpreter(options: InterpreterOptions, run: (board: Interpreter) => Promise<void>): Promise<void> {
  const board = await startInterpreter(options);
  try {
    await run(board);
  } finally {
    await board.stop();
  }
}

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (await condition()) return;
    await sleep(10);
  }
  assert.fail(`waited 5 s for ${what}`);
}

function suite(): void {
  it("runs the image from Storage with its Serial1 on the wire", async () => {
    const modem = new EchoModem();
    await withInterpreter({ image: atClient, uart: modem }, async (board) => {
      await until(async () => (await board.evaluate("lines.join()")) === "AT\r,OK", "the answer");
      assert.equal(modem.received, "AT\r");
    });
  });

  it("carries all 256 byte values both ways, in order", async () => {
    const every = Buffer.from(Array.from({ length: 256 }, (_, i) => i)).toString("latin1");
    const sent = every.replaceAll("\r", "");
    const modem = new EchoModem();
    const image = `var got="";Serial1.setup(115200);Serial1.on("data",function(d){got+=d});`;
    await withInterpreter({ image, uart: modem }, async (board) => {
      await board.evaluate(`for(var i=0;i<2560;i++)if((i&255)!=13)Serial1.write(String.fromCharCode(i&255))`);
      await until(async () => Number(await board.evaluate("got.length")) >= 2550, "2,550 bytes");
      assert.equal(modem.received, sent.repeat(10));
      assert.equal(await board.evaluate("got"), sent.repeat(10));
    });
  });

  it("keeps functions of the image in flash: a longer body costs no variables", async () => {
    const usage = async (body: string): Promise<number> => {
      let used = 0;
      await withInterpreter({ image: `function work(x){${body}}` }, async (board) => {
        used = (await board.memory()).usage;
      });
      return used;
    };
    assert.equal(await usage("x++;".repeat(500)), await usage("x++;"));
  });

  it("counts what an image costs above the bare interpreter", async () => {
    const bare = await bareUsage();
    await withInterpreter({ image: "var one=1.5;" }, async (board) => {
      // One variable for the name, one for the float (on 64 bit too).
      assert.equal((await board.memory()).usage - bare, 2);
    });
  });

  it("tells of driven pins, and pins of the harness can be read and watched", async () => {
    const driven: string[] = [];
    const image = `
      var seen=[];
      D2.write(1);digitalWrite(D28,0);D18.set();D18.reset();
      digitalPulse(D3,1,20);
      setWatch(function(e){seen.push(e.state)},D4,{edge:"both",repeat:true});
      setWatch(function(e){seen.push("rise")},D4,{edge:"rising"});`;
    const onPin = (pin: string, level: number): void => void driven.push(`${pin}=${level}`);
    await withInterpreter({ image, onPin }, async (board) => {
      await until(() => driven.length === 6, "six pin changes");
      assert.deepEqual(driven, ["D2=1", "D28=0", "D18=1", "D18=0", "D3=1", "D3=0"]);
      await board.setPin("D4", 1);
      assert.equal(await board.evaluate("digitalRead(D4)"), "1");
      await board.setPin("D4", 0);
      await board.setPin("D4", 1);
      await until(async () => (await board.evaluate("seen.join()")) === "true,rise,false,true", "the watches");
    });
  });

  it("starts again after E.reboot with its flash kept and its variables gone", async () => {
    let reboots = 0;
    const image = `var boots=(+require("Storage").read("boots")||0)+1;require("Storage").write("boots",""+boots);`;
    const onReboot = (): void => void reboots++;
    await withInterpreter({ image, onReboot }, async (board) => {
      await board.evaluate("left=7");
      await board.evaluate("setTimeout(E.reboot,1)");
      await until(() => reboots === 1, "the reboot");
      assert.equal(await board.evaluate("boots"), "2");
      assert.equal(await board.evaluate("typeof left"), "undefined");
      await board.powerCycle();
      assert.equal(await board.evaluate("boots"), "3");
    });
  });

  it("evaluates text of any bytes, and passes on what was thrown", async () => {
    await withInterpreter({ storage: { "godwit.json": '{"a":"\\u00e9"}' } }, async (board) => {
      assert.equal(await board.evaluate(literal("\x00\x03\n\xff")), "\x00\x03\n\xff");
      assert.equal(await board.evaluate("[1,2.5]"), "[1,2.5]");
      assert.equal(await board.evaluate('require("Storage").read("godwit.json").length'), "14");
      await assert.rejects(board.evaluate("nothing.here"), /nothing/);
    });
  });

  it("shows on the console what the image prints and how it failed", async () => {
    let shown = "";
    const onConsole = (text: string): void => {
      shown += text;
    };
    const image = `print("hello");setTimeout(function(){throw new Error("boo")},1);`;
    await withInterpreter({ image, onConsole }, async () => {
      await until(() => /Uncaught Error: boo/.test(shown), "the report");
      assert.match(shown, /hello/);
    });
  });
}

if (interpreterPath() === undefined) console.log("interpreter: skipped, ESPRUINO is not set");
else describe("the real interpreter", { timeout: 120_000 }, suite);
