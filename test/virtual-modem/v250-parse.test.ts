import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseCommandLine } from "../../tools/virtual-modem/v250-parse.ts";

const show = (line: string): string =>
  parseCommandLine(line)
    ?.map((call) => {
      const args = call.args
        .map((arg) => (arg === undefined ? "_" : arg.quoted ? `'${arg.text}'` : arg.text))
        .join(",");
      return `${call.name} ${call.kind}${args === "" ? "" : ` ${args}`}`;
    })
    .join(" | ") ?? "ERROR";

const TABLE: readonly [line: string, parsed: string][] = [
  ["", ""],
  ["I", "I execute"],
  ["E0", "E write 0"],
  ["e0v1", "E write 0 | V write 1"],
  ["E0+CMEE=1", "E write 0 | +CMEE write 1"],
  ["&FZE0&W", "&F execute | Z execute | E write 0 | &W execute"],
  ["S3?", "S3 read"],
  ["S3=13", "S3 write 13"],
  ["s3=13E1", "S3 write 13 | E write 1"],
  ["D*99#;", "D write *99#;"],
  ["+CREG?", "+CREG read"],
  ["+CREG=?", "+CREG test"],
  ["+CREG=2", "+CREG write 2"],
  ["+creg = 2 ", "+CREG write 2"],
  ["+QIACT=1;+QIACT?", "+QIACT write 1 | +QIACT read"],
  ["+IPR=921600;&W", "+IPR write 921600 | &W execute"],
  ['+QICSGP=1,1,"apn","user", "pass",1', "+QICSGP write 1,1,'apn','user','pass',1"],
  ['+QFUPL="a;b,c.pem",10', "+QFUPL write 'a;b,c.pem',10"],
  ['+CPSMS=1,,,"0011","0000"', "+CPSMS write 1,_,_,'0011','0000'"],
  ["+X=,1", "+X write _,1"],
  ["+X=", "+X write _"],
  ['+X=""', "+X write ''"],
  ['+QSSLCFG="ciphersuite",1,0xFFFF', "+QSSLCFG write 'ciphersuite',1,0xFFFF"],
  ["+CSQ;;+CSQ", "+CSQ execute | +CSQ execute"],
  ['+X="open', "ERROR"],
  ['+X="a"b', "ERROR"],
  ['+X=a"b"', "ERROR"],
  ["+CREG?1", "ERROR"],
  ["+", "ERROR"],
  ["+CREG!?", "+CREG! read"],
  ["1", "ERROR"],
  ["S3", "ERROR"],
  ["\x80", "ERROR"],
];

for (const [line, parsed] of TABLE) {
  test(`AT${line} is ${parsed}`, () => assert.equal(show(line), parsed));
}

test("no line makes the parser throw, hang or invent", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."AT+=?;,\"' 0129EQIS&/\\\xff"), maxLength: 60 }), (line) => {
      const calls = parseCommandLine(line);
      for (const call of calls ?? []) assert.match(call.name, /^(?:[&\\]?[A-Z]|S\d+|[+^$][^a-z=?;,"]+)$/);
    }),
    { numRuns: 2000 },
  );
});
