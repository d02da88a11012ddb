/** The image file: what the build writes is read again, and what anybody else brings is refused with a reason. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { crc32 } from "../../tools/flash/crc32.ts";
import { FlashError } from "../../tools/flash/errors.ts";
import type { Image } from "../../tools/flash/image.ts";
import { parseImage, serialiseImage } from "../../tools/flash/image-file.ts";
import { lockScript } from "../../tools/flash/lock.ts";

const code = 'print("\x80\xff\0")';
const image: Image = {
  godwit: 1,
  board: "rak5010",
  espruinoBoard: "RAK5010",
  version: "0.1.0",
  buildTime: 1_790_000_000,
  features: ["outbox"],
  code,
  crc32: crc32(code),
  loader: "print(1)",
  symbols: { script: "print(1)", map: "{}", names: { status: "status" } },
};

const refused = (file: string, why: RegExp): void =>
  assert.throws(
    () => parseImage(file),
    (error: unknown) => error instanceof FlashError && error.code === "FLASH_IMAGE" && why.test(error.message),
  );

const without = (change: Record<string, unknown>): string => {
  const fields: Record<string, unknown> = { ...(JSON.parse(serialiseImage(image)) as object), ...change };
  return JSON.stringify(fields);
};

describe("image file", () => {
  it("comes back as it was, every byte of its code", () => {
    assert.deepEqual(parseImage(serialiseImage(image)), image);
    assert.equal(parseImage(serialiseImage({ ...image, service: "BTN1" })).service, "BTN1");
  });

  const wrong: [string, string, RegExp][] = [
    ["a script", "var a=1;", /not JSON/],
    ["an array", "[]", /no JSON object/],
    ["another JSON file", '{"name":"x"}', /"godwit" is not 1/],
    ["a later format", without({ godwit: 2 }), /version of the format/],
    ["code that is no base64", without({ code: "%%" }), /no base64/],
    ["no code", without({ code: "", crc32: 0 }), /no code/],
    ["code that was changed", without({ code: btoa("print(2)") }), /checksum/],
    ["too much code", without({ code: "A".repeat(60_000) }), /"code"/],
    ["a board that is no name", without({ board: 'x"]);reset(' }), /"board"/],
    ["a build time that is none", without({ buildTime: -1 }), /"buildTime"/],
    ["a huge loader", without({ loader: "x".repeat(5000) }), /"loader"/],
    ["names that are none", without({ symbols: { ...image.symbols, names: { a: 1 } } }), /"a"/],
    ["no symbols", without({ symbols: null }), /"symbols"/],
    ["a button that is code", without({ service: "BTN1.x(" }), /"service"/],
    ["a file without end", " ".repeat(4_000_001), /more than/],
  ];
  for (const [what, file, why] of wrong) it(`refuses ${what}`, () => refused(file, why));

  it("gives an image or a FlashError, whatever is in the file", () => {
    const text = serialiseImage(image);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.string({ maxLength: 4 }), fc.nat(5), (at, put, drop) => {
        try {
          parseImage(text.slice(0, at) + put + text.slice(at + drop));
        } catch (error) {
          assert.ok(error instanceof FlashError, String(error));
        }
      }),
    );
  });
});

describe("lock", () => {
  it("takes six digits, and a button only where the board has one", () => {
    assert.match(lockScript({ mode: "passkey", passkey: "012345" }, image), /passkey:"012345"/);
    for (const passkey of ["12345", "1234567", '1"});//', ""]) {
      assert.throws(() => lockScript({ mode: "passkey", passkey }, image), { code: "FLASH_LOCK" });
    }
    assert.throws(() => lockScript({ mode: "button" }, image), { code: "FLASH_LOCK" });
    assert.match(lockScript({ mode: "button" }, { board: "nrf52840dk", service: "BTN1" }), /^if\(!BTN1\.read\(\)\)/);
  });
});
