import assert from "node:assert/strict";
import { test } from "node:test";
import { maskAnswer, maskLine } from "../../tools/virtual-modem/mask.ts";

const LINES: readonly [string, string][] = [
  ["", ""],
  ["I", "I"],
  ['+CPIN="1234"', "+CPIN=***"],
  ["+CPIN=1234", "+CPIN=***"],
  ["e0+cpin=1234", "e0+cpin=***"],
  ['+CPIN="12345678","1234"', "+CPIN=***,***"],
  ['+CPIN="1234', "+CPIN=***"],
  ["+CPIN?", "+CPIN?"],
  ["+CPIN=?", "+CPIN=?"],
  ['+CLCK="SC",1,"1234"', '+CLCK="SC",1,***'],
  ['+CPWD="SC","1234","4321"', '+CPWD="SC",***,***'],
  ['+QICSGP=1,1,"a,b","u","p;q",1', '+QICSGP=1,1,"a,b","u",***,1'],
  ['+QICSGP=1,1,"apn","","",1', '+QICSGP=1,1,"apn","","",1'],
  ['+CMEE=2;+CPIN="1234";+CSQ', "+CMEE=2;+CPIN=***;+CSQ"],
  ['+QFUPL="a;b",5', '+QFUPL="a;b",5'],
  ["x\x1b[2J", "x\\x1b[2J"],
];

for (const [line, masked] of LINES) test(`AT${JSON.stringify(line)}`, () => assert.equal(maskLine(line), masked));

test("answers", () => {
  assert.equal(maskAnswer('+QICSGP: 1,"apn","u","p",1'), '+QICSGP: 1,"apn","u",***,1');
  assert.equal(maskAnswer("OK"), "OK");
});
