/** The MQTT client with all that it can do, on the real interpreter and on the virtual board: the same bytes and events. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { bundleModule } from "../../tools/build/bundle.ts";
import { minifyScript } from "../../tools/build/minify.ts";
import { deviceNames } from "../../tools/build/property-names.ts";
import { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { type Interpreter, interpreterPath, startInterpreter } from "./harness.ts";

/** Defines `run(options, steps)`: `["give", bytes]` is what the broker says; all that is written and told goes to a log. */
const RIG = `
function run(options,steps){
var log=[],t,n=0,m=require("mqtt");
Math.randInt=function(){return 100};
function say(what){return function(a,b,c){log.push(what+JSON.stringify([a,b,c]).replace(/undefined/g,"null"))}}
function hex(s){var r="";for(var i=0;i<s.length;i++)r+=(256+s.charCodeAt(i)).toString(16).substr(1);return r}
function wire(){return t={write:function(b,d){log.push(hex(b));n++;t.done=d},close:function(){log.push("closed")},poll:function(){}}}
var c=m.createClient(options);
["connect","message","error","close","drain"].forEach(function(e){c.on(e,say(e))});
c.onAuth=function(p,reply){say("auth")(p);reply({reasonCode:24,properties:{authenticationMethod:"m",authenticationData:"d"}})};
steps.forEach(function(s){
var f=s[0];
if(f=="attach")c.attach(wire());
else if(f=="give")t.onData?t.onData(s[1]):log.push("nobody listens");
else if(f=="drop")t.onClose&&t.onClose({code:"SOCKET_CLOSED"});
else if(f=="end")c.end(s[1],say("ended"),s[2]);
else if(f=="publish")log.push(f+c[f](s[1],s[2],s[3],say("done")));
else log.push(f+c[f](s[1],s[2],say("done")));
while(n&&t.done){n--;var d=t.done;t.done=undefined;d()}
});
c.end(true);
return log.join("\\n")}
`;

type Step = [string, ...unknown[]];
const bytes = (hex: string) => Buffer.from(hex.replace(/\s+/g, ""), "hex").toString("latin1");
const give = (hex: string): Step => ["give", bytes(hex)];
const everything = {
  payloadFormatIndicator: true,
  messageExpiryInterval: 3_000_000_000,
  contentType: "text",
  responseTopic: "answers/1",
  correlationData: "\0\x01\xff",
  userProperties: { a: "1", b: ["2", "3"] },
};

const scenarios: Record<string, [object, Step[]]> = {
  "3.1.1: QoS 1 and 2 both ways, a resumed session": [
    { clientId: "dev", clean: false, will: { topic: "w", payload: "gone", qos: 1, retain: true } },
    [
      ["attach"],
      give("20020000"),
      ["subscribe", { "a/+": { qos: 1 }, "b/#": { qos: 2 } }, undefined],
      give("9004 0065 0102"),
      ["publish", "a/b", "one", { qos: 1 }],
      ["publish", "a/b", "two", { qos: 2 }],
      give("40020066 50020067"),
      give("3208 0003612f62 000931"),
      give("3408 0003612f62 000a32"),
      give("3c08 0003612f62 000a32"),
      give("6202000a"),
      ["publish", "t", "x".repeat(200), { qos: 1 }],
      ["drop"],
      ["attach"],
      give("20020100 70020067"),
      give("40020068 d000"),
      ["unsubscribe", "a/+"],
      give("b0020069"),
      ["end", false],
    ],
  ],
  "5: properties, aliases, authentication, limits": [
    {
      clientId: "",
      protocolVersion: 5,
      topicAlias: true,
      properties: { sessionExpiryInterval: 4294967295, topicAliasMaximum: 5, authenticationMethod: "m" },
      will: { topic: "w", properties: { willDelayInterval: 70000, ...everything } },
    },
    [
      ["attach"],
      give("f006 18 04 1500016d"),
      give(
        "2019 00 00 16 22000a 210002 1300f0 12000378797a 27000003e8 2401 2501"
          .replace("2019", "201b")
          .replace(" 16 ", " 18 "),
      ),
      ["publish", "a/b", "one", { qos: 1, properties: everything }],
      ["publish", "a/b", "two", { qos: 1 }],
      ["publish", "a/b", "three", { qos: 1 }],
      give("4002 0065 4004 0066 97 00"),
      ["subscribe", "c", { qos: 1, nl: true, rap: true, rh: 2, properties: { subscriptionIdentifier: 300 } }],
      give("9004 0068 00 01"),
      give("320f 000163 0007 06 230001 0bac02 78797a"),
      give("3007 0000 03 230001 7a"),
      give("3013 000163 0e 26000161000131 26000161000132 7a"),
      give("e009 8e 07 1f0004676f6e65"),
    ],
  ],
  "5 refused, then 3.1.1": [
    { clientId: "dev", protocolVersion: 5 },
    [
      ["publish", "t", "kept", { qos: 1 }],
      ["attach"],
      give("20020001"),
      ["attach"],
      give("20020000"),
      give("40020065"),
    ],
  ],
  "what is wrong": [
    { clientId: "dev", protocolVersion: 5 },
    [
      ["attach"],
      give("2003000000"),
      ["publish", "a/+", "x", { qos: 1 }],
      ["publish", "\u00c3\u0028", "x", { qos: 1 }],
      ["subscribe", "a/#/b", { qos: 1 }],
      give("3004 0001 61 21"),
    ],
  ],
};

function suite(): void {
  let interpreter: Interpreter;
  let board: VirtualBoard;
  before(async () => {
    const bundle = await bundleModule("modules/mqtt/client.ts", { features: { MQTT5: true, OUTBOX: false } });
    // As it would be flashed, but for the names that the scenarios use.
    const names = { keepProperties: [], keepVariables: deviceNames.globals, mangleProperties: false };
    const { code } = await minifyScript(bundle.code, names);
    interpreter = await startInterpreter({ storage: { mqtt: code, rig: `${RIG}exports.run=run;` } });
    board = new VirtualBoard({
      board: "rak5010",
      storage: new Map([
        ["mqtt", code],
        ["rig", `${RIG}exports.run=run;`],
      ]),
    });
    board.start();
  });
  after(() => interpreter?.stop());

  for (const [name, [options, steps]] of Object.entries(scenarios)) {
    it(name, async () => {
      const text = (value: unknown) =>
        JSON.stringify(value).replace(/[^ -~]|\\u00(..)/g, (char, hex: string) =>
          hex ? `\\x${hex}` : `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
        );
      const call = `require("rig").run(${text(options)},${text(steps)})`;
      const expected = String(board.evaluate(call)).split("\n");
      const actual = (await interpreter.evaluate(call)).split("\n");
      assert.deepEqual(actual, expected);
      assert.ok(expected.length > 5, expected.join("\n"));
    });
  }
}

if (interpreterPath() === undefined) console.log("interpreter: skipped, ESPRUINO is not set");
else describe("MQTT on the real interpreter", { timeout: 60_000 }, suite);
