/** Sessions with packets, and what sessions are made of: part of console-sessions.ts. */

/** Bytes that are sent at once, or time that passes. */
export type Step = string | { readonly waitMs: number };

export interface ConsoleSession {
  readonly name: string;
  readonly steps: readonly Step[];
}

/** A packet of the console. Lengths of 3 and 4 are control chars to the interpreter's build for a computer. */
export function packet(type: "eval" | "event" | "send" | "data" | "receive", data: string): string {
  const bits = { eval: 0x20, event: 0x40, send: 0x60, data: 0x80, receive: 0xa0 }[type];
  return `\x10\x01${String.fromCharCode(bits | (data.length >> 8), data.length & 255)}${data}`;
}

export const packetSessions: readonly ConsoleSession[] = [
  {
    name: "EVAL packets",
    steps: [
      packet("eval", "1+1  "),
      packet("eval", "undefined"),
      packet("eval", "{a:1,b:undefined}"),
      packet("eval", "[undefined,1]"),
      packet("eval", '"a\\nb\\x01\\xff"'),
      packet("eval", "function(a){}"),
      packet("eval", "a=1;b=2;1"),
      packet("eval", "c=1,d=2,7"),
      packet("eval", "print(2);1"),
      packet("eval", "nope "),
      packet("eval", "var q=7"),
      packet("eval", "if(1)2"),
      packet("eval", ""),
      packet("eval", '"half'),
      packet("eval", "function(){\nx}"),
      "zz",
      packet("eval", "1+1+1+1"),
      "\x03",
      'function f(){throw new Error("in")}\n',
      packet("eval", "f()+1"),
      packet("eval", '"x".repeat(300)'),
      packet("eval", "E.setConsole(1)"),
      packet("eval", '"x".repeat(9000).length'),
      packet("eval", "'a;b'+(1,2)"),
      "1+",
      packet("eval", "print(5)"),
      "1\n",
    ],
  },
  {
    name: "other packets",
    steps: [
      packet("event", "{a:1}"),
      'E.on("packet",x=>print(x));\n',
      packet("event", "{a:1}"),
      packet("event", "[1,2]"),
      packet("event", "nope!"),
      "\x10\x01\xc0\x01a",
      "\x10\x01\x00\x01a",
      "\x10\x01\xe0\x05abcde",
      "\x01",
      "\x10\x00\x01",
      "1\n",
    ],
  },
  {
    name: "files by packets",
    steps: [
      packet("data", "lost!"),
      packet("send", '{fn:"test",s:11}'),
      packet("data", "hello"),
      packet("data", " world"),
      packet("data", " again"),
      packet("receive", '{fn:"test"}'),
      packet("receive", '{fn:"none"}'),
      packet("receive", "{fn:12}"),
      packet("send", "{fn:1,s:11}"),
      packet("send", '{fn:"zero",s:0}'),
      packet("send", "rubbish"),
      'require("Storage").write("nl","a\\nb")\n',
      packet("receive", '{fn:"nl"}'),
      'E.on("packetUpload",x=>print(x));\n',
      packet("send", '{fn:"again",s:10}'),
      packet("data", "01234"),
      packet("data", "56789"),
      'require("Storage").read("again")\n',
      packet("send", '{fn:"big",s:1500}'),
      packet("data", "x".repeat(700)),
      packet("data", "y".repeat(800)),
      packet("receive", '{fn:"big"}'),
      packet("send", '{fn:"huge",s:9999999}'),
      packet("data", "01234"),
      'require("Storage").list()\n',
    ],
  },
  {
    name: "compressed files",
    steps: [
      packet("send", '{fn:"out",s:24,c:1}'),
      packet("data", "\xb0\xd8\xac\x60\x25\x00"),
      'require("Storage").read("out")\n',
    ],
  },
  {
    name: "prints while a packet comes in",
    steps: [
      "setTimeout(function(){print(1)},1500);\n",
      "ab",
      "\x10\x01\x20\x09xyz",
      { waitMs: 2000 },
      "123456",
      "\x03",
      "setTimeout(function(){print(2)},1500);\n",
      "\x10\x01\x20",
      { waitMs: 2000 },
      "\x091+1+1+1+1",
      "setTimeout(function(){try{E.setConsole(1)}catch(e){}},1500);\n",
      "(c",
      { waitMs: 2000 },
    ],
  },
  {
    name: "a packet that is not finished",
    steps: ["ab", "\x10\x01\x20\x09half", { waitMs: 5500 }, "c", "\x03"],
  },
];
