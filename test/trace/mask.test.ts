import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createLineMask, maskCommandLine, maskIdentifiers, maskText } from "../../tools/trace/mask.ts";

const KEY = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIBxSecretSecret\nAbCdEfGh==\n-----END EC PRIVATE KEY-----\n";

describe("secrets that are typed or repeated", () => {
  const hidden: readonly [string, string][] = [
    ['AT+CPIN="4711"', "4711"],
    ["AT+CPIN=4711", "4711"],
    ['AT+CLCK="SC",1,"4711"', "4711"],
    ['AT+CPWD="SC","4711","0815"', "0815"],
    ['AT+QICSGP=1,1,"iot","user7","s3cret,;x",3', "s3cret"],
    ['AT+CMEE=1;+QICSGP=1,1,"iot","user7","s3cret",3', "user7"],
    ['godwit.at("AT+CPIN=\\"4711\\"")', "4711"],
    ["godwit.at('AT+CPIN=\"4711\"')", "4711"],
    ["godwit.at(`AT+CPIN=4711`)", "4711"],
    ['+QICSGP: 1,"iot","user7","s3cret",3', "s3cret"],
    ['{"cmd":"set","password":"s3cret"}', "s3cret"],
    ["{ apnPassword: 's3cret', port: 8883 }", "s3cret"],
    ['writeJSON("godwit.json",{pin:"4711",host:"a"})', "4711"],
    ["pin=4711 next", "4711"],
    ["?sr=hub&sig=s3cret%3D&se=1", "s3cret"],
    ['"{\\"token\\":\\"s3cret\\"}"', "s3cret"],
    [`put("client.key","${KEY.replaceAll("\n", "\\n")}",print)`, "SecretSecret"],
    ["x -----BEGIN PRIVATE KEY-----abcSecret", "abcSecret"],
  ];
  for (const [text, secret] of hidden) {
    test(text.slice(0, 60), () => {
      const masked = maskText(maskCommandLine(text));
      assert.ok(!masked.includes(secret), masked);
      assert.ok(masked.includes("***"), masked);
    });
  }

  test("everything else stays as it is", () => {
    for (const text of [
      'AT+QSSLCFG="clientkey",1,"client.key"',
      'AT+QICSGP=1,1,"iot"',
      "AT+CPIN?",
      '{"battery":3.9,"temperature":21.5,"pinned":true}',
      "link active ! NET_PDP 561 retry 2 s, socket",
      "-----BEGIN CERTIFICATE-----",
      "ATTENTION please",
    ])
      assert.equal(maskText(maskCommandLine(text)), text);
  });
});

test("a private key that comes line by line: no line of it, and what follows is shown again", () => {
  const mask = createLineMask();
  const lines = `before\n${KEY}after\n`.trim().split("\n").map(mask);
  assert.equal(lines[0], "before");
  assert.equal(lines.at(-1), "after");
  assert.ok(!lines.join("\n").includes("SecretSecret"));
  assert.ok(!lines.join("\n").includes("AbCdEfGh"));
});

test("a key that never ends does not hide the rest for ever", () => {
  const mask = createLineMask();
  const lines = ["-----BEGIN PRIVATE KEY-----", ...Array.from({ length: 300 }, () => "QUJD"), "later"].map(mask);
  assert.equal(lines.at(-1), "later");
});

test("identifiers keep type, country and operator", () => {
  assert.equal(maskIdentifiers("<867698041234567"), "<867698*********");
  assert.equal(maskIdentifiers("+QCCID: 8949020000012345678"), "+QCCID: 894902*************");
  assert.equal(maskIdentifiers("262011234567890 godwit/867698041234567/x"), "262011********* godwit/867698*********/x");
  // Times, ports and counts are shorter.
  for (const text of ['"time":1795638507', "1795638507123", "port 41207"]) assert.equal(maskIdentifiers(text), text);
});
