/** What of the console the recorded sessions cannot show: Ctrl-C before its turn, locks, code in the flash. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pretokenise } from "../../tools/build/pretokenise.ts";
import { connectCentral, evaluation } from "./link.ts";
import { createRig } from "./rig.ts";

function rig(options: { image?: string } = {}) {
  const made = createRig(options);
  made.board.start();
  made.clock.advance(1000);
  return { ...made, ...connectCentral(made.board, made.clock, { chunkBytes: 50 }) };
}

/** The prompt comes back in place of the line. */
const CLEARED = "\r\x1b[J>";

describe("virtual board: Ctrl-C", () => {
  it("takes with it what is typed in the same breath, but not a line that is whole", async () => {
    const { send } = rig();
    assert.equal(await send("abc\x03def"), `abcdef${"\x1b[D".repeat(6)}${CLEARED}`);
    assert.equal(await send("\x031+1\n"), "1+1\r\n=2\r\n>");
    assert.equal(await send("\x03"), "", "an empty line is left alone");
  });

  it("is a byte like any other in a packet", async () => {
    const { send } = rig();
    assert.equal(await send("ab"), "ab");
    assert.equal(await send(evaluation('"\x03"')), '\x06\x10\x01\x00\x04"\\3"');
    assert.equal(await send("\x03"), `\x1b[D\x1b[D${CLEARED}`);
  });

  it("does not end code that runs: JavaScript takes no time here", async () => {
    const { send, ask } = rig();
    await send("\x10for(n=0;n<1000;n++);\n\x03");
    assert.equal(ask("n"), "1000");
  });
});

describe("virtual board: a locked console", () => {
  it("takes nothing but the password, and gives it away to whoever sees the screen", async () => {
    const { board, clock, send, heard } = rig({ image: "E.setPassword('s3cret');E.lockConsole()" });
    assert.equal(await send(evaluation("1+1")), "");
    assert.equal(await send("\n"), "\r\n  Invalid password\r\npassword>");
    await send("s3c");
    const before = heard().length;
    board.evaluate("print('x')");
    clock.advance(1);
    assert.ok(heard().slice(before).includes("password>s3c"), "as on the chip");
    assert.equal(await send("ret\r"), "\r\n  Logged in.\r\n>");
    assert.equal(await send(evaluation("1+1")), "\x06\x10\x01\x00\x012");
  });

  it("is locked again by lockConsole, and by nothing else", async () => {
    const { board, clock, send, link } = rig({ image: "E.setPassword('p')" });
    assert.equal(await send("1\n"), "1\r\n=1\r\n>");
    link.close();
    assert.equal(await connectCentral(board, clock).send("2\n"), "2\r\n=2\r\n>");
  });

  it("cannot be opened after reset(): the lock is kept and the password is not", async () => {
    const { send } = rig({ image: "E.setPassword('p');E.lockConsole()" });
    await send("p\n");
    await send("\x10E.lockConsole();reset()\n");
    assert.equal(await send("p\n"), "\r\n  Invalid password\r\npassword>");
  });

  it("with no place at all takes nothing", async () => {
    const { send, ask } = rig({ image: "E.setConsole(null,{force:true})" });
    assert.equal(await send("hacked=1\n"), "");
    assert.equal(await send(evaluation("hacked=2")), "");
    assert.equal(ask("typeof hacked"), "undefined");
  });
});

describe("virtual board: code in the flash", () => {
  const CODE = "var count=(global.count|0)+1;function twice(a){return 2*a}f=function(x){return twice(x)+count};";

  it("runs by eval of a memory area, again and again", () => {
    const { ask } = rig();
    const at = ask("a=require('Flash').getFree()[0].addr");
    ask("require('Flash').erasePage(a)");
    ask(`require('Flash').write(${JSON.stringify(CODE.padEnd(Math.ceil(CODE.length / 4) * 4))},a)`);
    for (let i = 1; i <= 200; i++) {
      ask(`eval(E.memoryArea(${at},${CODE.length}))`);
      assert.equal(ask("f(5)+twice(1)"), String(12 + i));
    }
  });

  it("runs when it is pretokenised, by eval under either name, from Storage and from the flash", () => {
    const source =
      "var total=0;for(var i=0;i<300;i++)if(i%2===0)total+=i;\nfunction say(a){return a?'yes \\xe9':\"no\"}";
    const tokens = pretokenise(source);
    assert.ok(tokens.length < source.length);
    const { ask, board } = rig();
    const write = `var F=require('Flash'),a=F.getFree()[0].addr;F.erasePage(a);F.write(t,a);n=t.length`;
    ask(`t=E.toString(${JSON.stringify([...Buffer.from(tokens, "latin1")])});${write}`);
    for (const way of ["eval(E.memoryArea(a,n))", "run=eval;run(E.memoryArea(a,n))"]) {
      assert.equal(ask(`total=-1;${way};total+say(1)`), "22350yes \xe9", way);
    }
    assert.equal(ask("(function(){var inner=7;return eval('inner+1')})()"), "8", "eval still sees what is around it");
    board.install(tokens);
    board.reboot();
    assert.equal(ask("total+say(0)"), "22350no");
  });

  it("runs so from boot code, too, and defines what is global", () => {
    const made = createRig({ image: "eval(E.memoryArea(require('Flash').getFree()[0].addr,7))" });
    made.board.start();
    made.ask("var F=require('Flash'),a=F.getFree()[0].addr;F.erasePage(a);F.write('q=1+41 ',a)");
    made.board.reboot();
    assert.equal(made.ask("q"), "42");
  });
});
