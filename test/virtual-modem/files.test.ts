import assert from "node:assert/strict";
import { test } from "node:test";
import { createClock } from "../../tools/clock.ts";
import { checksum } from "../../tools/virtual-modem/quectel-bg9x/files.ts";
import { createReadyHost, type Host } from "./host.ts";

test("checksum: 16-bit words, odd end in the high half, no leading zeros", () => {
  const table: [Buffer, string][] = [
    [Buffer.from([]), "0"],
    [Buffer.from([0x12]), "1200"],
    [Buffer.from([0x12, 0x34]), "1234"],
    [Buffer.from([0x12, 0x34, 0x1a, 0x72]), "846"],
    [Buffer.from([0x12, 0x34, 0x12, 0x34]), "0"],
    [Buffer.from("abc"), "262"],
  ];
  for (const [bytes, sum] of table) assert.equal(checksum(bytes), sum);
});

async function upload(host: Host, name: string, bytes: Buffer, rest = ""): Promise<string> {
  host.write(`AT+QFUPL="${name}",${bytes.length}${rest}\r`);
  assert.equal(await host.expect(/CONNECT\r\n|ERROR.*\r\n/), "\r\nCONNECT\r\n");
  host.write(bytes);
  return host.expect(/(?:OK|ERROR.*)\r\n/);
}

test("a file goes up, is listed, comes down, goes away", async () => {
  const host = await createReadyHost();
  const bytes = Buffer.from("-----BEGIN\r\nOK\r\n\x00\xff+++\x1a\x1b", "latin1");
  const sum = checksum(bytes);
  assert.equal(await upload(host, "ca.pem", bytes, ",60"), `\r\n+QFUPL: ${bytes.length},${sum}\r\n\r\nOK\r\n`);
  assert.deepEqual(host.modem.files.get("ca.pem"), bytes);
  assert.equal(await host.at('AT+QFLST="*"'), `\r\n+QFLST: "ca.pem",${bytes.length}\r\n\r\nOK\r\n`);
  assert.equal(await host.at('AT+QFLST="*.key"'), "\r\nOK\r\n");
  assert.equal(await host.at('AT+QFLST="no.pem"'), "\r\n+CME ERROR: 405\r\n");
  host.write('AT+QFDWL="UFS:ca.pem"\r');
  const down = await host.expect(/\+QFDWL.*\r\n\r\nOK\r\n/);
  assert.equal(down, `\r\nCONNECT\r\n${bytes.toString("latin1")}\r\n+QFDWL: ${bytes.length},${sum}\r\n\r\nOK\r\n`);
  assert.equal(await host.at('AT+QFUPL="ca.pem",5'), "\r\n+CME ERROR: 407\r\n");
  assert.equal(await host.at('AT+QFDEL="ca.pem"'), "\r\nOK\r\n");
  assert.equal(await host.at('AT+QFDEL="ca.pem"'), "\r\n+CME ERROR: 405\r\n");
  assert.equal(await host.at('AT+QFDEL="*"'), "\r\nOK\r\n");
  host.end();
});

test("bad names and sizes are refused before CONNECT", async () => {
  const host = await createReadyHost({ model: "EG800K" });
  const refused: [string, number][] = [
    ['"a/b",5', 406],
    ['"..",5', 406],
    ['"a?b",5', 406],
    [`"${"n".repeat(81)}",5`, 406],
    ["name,5", 406],
    ['"a",0', 400],
    ['"a",-1', 400],
    ['"a",5,0', 400],
    ['"a",280000000', 403],
  ];
  for (const [args, code] of refused)
    assert.equal(await host.at(`AT+QFUPL=${args}`), `\r\n+CME ERROR: ${code}\r\n`, args);
  assert.equal(await host.at('AT+QFLDS="UFS"'), "\r\n+QFLDS: 286720,286720\r\n\r\nOK\r\n");
  await upload(host, "one", Buffer.from("x"));
  assert.equal(await host.at('AT+QFLDS="UFS"'), "\r\n+QFLDS: 282624,286720\r\n\r\nOK\r\n", "blocks of 4 KB");
  assert.match(await host.at("AT+QFLST"), /"UFS:one",1/);
  host.end();
});

test("a timeout leaves the partial file", async () => {
  const host = await createReadyHost({ clock: createClock(50) });
  host.write('AT+QFUPL="half",10,2\r');
  await host.expect(/CONNECT\r\n/);
  host.write("12345");
  assert.equal(await host.expect(/ERROR.*\r\n/), "\r\n+CME ERROR: 421\r\n");
  assert.equal(host.modem.files.get("half")?.toString(), "12345");
  assert.equal(host.event("file")?.action, "partial");
  host.modem.fault("file-timeout");
  assert.equal(await upload(host, "lost", Buffer.from("12345678"), ",1"), "\r\n+CME ERROR: 421\r\n");
  assert.equal(host.modem.files.get("lost")?.toString(), "1234");
  assert.match(await upload(host, "whole", Buffer.from("12345678")), /\+QFUPL: 8/);
  host.end();
});

test("the ACK mode says A after each 1024 bytes", async () => {
  const host = await createReadyHost();
  host.write('AT+QFUPL="big",2500,5,1\r');
  await host.expect(/CONNECT\r\n/);
  host.write(Buffer.alloc(1024));
  assert.equal(await host.expect(/A/), "A");
  host.write(Buffer.alloc(1476));
  assert.match(await host.expect(/OK\r\n/), /^A\r\n\+QFUPL: 2500,0\r\n\r\nOK\r\n$/);
  host.end();
});

test("RAM files go with the power, UFS files stay", async () => {
  const files = new Map<string, Buffer>();
  const host = await createReadyHost({ files });
  await upload(host, "RAM:a", Buffer.from("1"));
  await upload(host, "b", Buffer.from("2"));
  assert.equal(await host.at('AT+QFLST="RAM:*"'), '\r\n+QFLST: "RAM:a",1\r\n\r\nOK\r\n');
  host.modem.powerCut();
  host.modem.powerOn();
  await host.expect(/SMS DONE/);
  await host.at("ATE0");
  assert.equal(await host.at('AT+QFLST="RAM:*";+QFLST="*"'), '\r\n+QFLST: "b",1\r\n\r\nOK\r\n');
  assert.deepEqual([...files.keys()], ["b"]);
  host.end();
});

test("open, write, seek, read, close", async () => {
  const host = await createReadyHost();
  assert.equal(await host.at('AT+QFOPEN="log",0'), "\r\n+QFOPEN: 0\r\n\r\nOK\r\n");
  assert.equal(await host.at('AT+QFOPEN="log",0'), "\r\n+CME ERROR: 426\r\n");
  host.write("AT+QFWRITE=0,5\r");
  await host.expect(/CONNECT\r\n/);
  host.write("hello");
  assert.equal(await host.expect(/OK\r\n/), "\r\n+QFWRITE: 5,5\r\n\r\nOK\r\n");
  assert.equal(await host.at("AT+QFSEEK=0,1,0;+QFPOSITION=0"), "\r\n+QFPOSITION: 1\r\n\r\nOK\r\n");
  assert.equal(await host.at("AT+QFREAD=0,3"), "\r\nCONNECT 3\r\nell\r\nOK\r\n");
  assert.equal(await host.at("AT+QFCLOSE=0"), "\r\nOK\r\n");
  assert.equal(await host.at("AT+QFREAD=0,3"), "\r\n+CME ERROR: 416\r\n");
  host.end();
});

test("a write that is too short ends with what came", async () => {
  const host = await createReadyHost({ clock: createClock(50) });
  await host.at('AT+QFOPEN="log",1');
  host.write("AT+QFWRITE=0,10,2\r");
  await host.expect(/CONNECT\r\n/);
  host.write("short");
  assert.equal(await host.expect(/OK\r\n/), "\r\n+QFWRITE: 5,5\r\n\r\nOK\r\n");
  host.end();
});

test("three pluses between silences end an upload: what came is kept, no count is told", async () => {
  const host = await createReadyHost({ clock: createClock(100) });
  host.write('AT+QFUPL="half",1000,60\r');
  await host.expect(/CONNECT\r\n/);
  host.write("data with +++ in it");
  await host.silence(20);
  host.write("+++");
  assert.equal(await host.expect(/OK\r\n/), "\r\nOK\r\n");
  assert.equal(host.modem.files.get("half")?.toString(), "data with +++ in it");
  assert.equal(host.event("file")?.action, "partial");
  assert.match(await upload(host, "whole", Buffer.from("+++")), /\+QFUPL: 3/, "at once they are data");
  host.end();
});

test("check values and copies", async () => {
  const host = await createReadyHost({ files: new Map([["nine", Buffer.from("123456789")]]) });
  assert.equal(await host.at('AT+QFCRC="nine"'), "\r\n+QFCRC: cbf43926,bb3d,29b1\r\n\r\nOK\r\n");
  assert.equal(await host.at('AT+QFCPY="nine","UFS:copy"'), "\r\nOK\r\n");
  assert.equal(host.modem.files.get("copy")?.toString(), "123456789");
  assert.equal(await host.at('AT+QFCPY="nine","copy"'), "\r\n+CME ERROR: 407\r\n");
  assert.equal(await host.at('AT+QFCPY="nine","copy",1'), "\r\nOK\r\n");
  assert.equal(await host.at('AT+QFCPY="nine","nine",1'), "\r\n+CME ERROR: 407\r\n", "onto itself");
  assert.equal(await host.at('AT+QFCPY="none","x"'), "\r\n+CME ERROR: 405\r\n");
  await host.at('AT+QFOPEN="empty",0');
  assert.equal(await host.at('AT+QFCRC="empty"'), "\r\n+QFCRC: 0,0,0\r\n\r\nOK\r\n");
  assert.equal(await host.at('AT+QFLDS="UFS"'), "\r\n+QFLDS: 14483438,14483456\r\n\r\nOK\r\n");
  host.end();
});
