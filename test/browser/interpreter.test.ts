/** The page with the real interpreter behind the emulated peripheral: what the virtual board might be too kind about. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { bundleFirmware } from "../../tools/build/firmware.ts";
import { serialiseImage } from "../../tools/flash/image-file.ts";
import { imageOf } from "../../tools/flash/make-image.ts";
import { createPki } from "../../tools/pki/set.ts";
import { interpreterPath } from "../interpreter/harness.ts";
import { builtPage } from "./built-page.ts";
import { launchChromium } from "./chromium.ts";
import { PERIPHERAL_NAME, withBluetooth } from "./console-page.ts";
import { BOARD, servePage } from "./desk.ts";
import { InterpreterBoard } from "./interpreter-end.ts";
import { dropPems, type PemFile, pemsOf } from "./pems.ts";
import type { Served } from "./serve.ts";
import { sourceLines } from "./source-lines.ts";

const binary = interpreterPath();

async function ownPems(): Promise<PemFile[]> {
  const { ca, client } = await createPki({ hosts: ["broker.test"], client: "unit" });
  return pemsOf({ ca, ...(client === undefined ? {} : { cert: client.chain, key: client.traditionalKey }) });
}

describe("the page with the real interpreter", {
  skip: binary === undefined && "ESPRUINO names no interpreter",
}, () => {
  let browser: Browser;
  let served: Served;
  let board: InterpreterBoard;
  before(async () => {
    if (binary === undefined) return;
    [browser, served, board] = await Promise.all([
      launchChromium(),
      builtPage().then((web) => servePage({ web })),
      InterpreterBoard.start(binary),
    ]);
  });
  after(async () => {
    await browser?.close();
    await served?.close();
    await board?.stop();
  });

  it("flashes an image into a slot, starts it, shows lines of TypeScript, traces, and provisions its modem", () =>
    withBluetooth(browser, served.url, board.reach, async ({ console, peripheral }) => {
      await console.connect("Bluetooth", PERIPHERAL_NAME);
      await console.show("REPL");
      await console.send("process.env.BOARD");
      const [, name = ""] = /="(\w+)"/.exec(await console.terminalShows(/="\w+"/)) ?? [];
      // The image of a real board, for an interpreter that calls itself otherwise.
      const image = { ...(await imageOf(await bundleFirmware({ board: BOARD }))), espruinoBoard: name };
      await console.pickImage(serialiseImage(image));
      const panel = console.panel("Flash");
      await panel.getByLabel("Take it as proved once it has started: there is no network here").check();
      peripheral.cutAfter(12_345);
      await panel.getByRole("button", { name: "Flash", exact: true }).click();
      await panel.getByText("Flashed and proved").waitFor({ timeout: 60_000 });
      await panel.getByText(/resumed \d×/).waitFor();
      assert.equal(board.starts, 2, "it was restarted once");
      await console.show("REPL");
      await console.send("godwit.client.publish(1)");
      const text = await console.terminalShows(/<- .+ \(publish\)[\s\S]*<- .+ \(publish\)/);
      assert.deepEqual(sourceLines(text, "modules/mqtt/client.ts"), [
        "sentField = field(topic);",
        "return /*@__NOINLINE__*/ publish(topic, payload, how, done);",
      ]);
      const status = await console.show("Status");
      await status.getByText(/ of 12,500/).waitFor();
      const trace = await console.show("Trace");
      await trace.getByRole("button", { name: "Start" }).click();
      const provision = await console.show("Provision");
      await dropPems(provision, await ownPems());
      await provision.getByRole("button", { name: "Write to the modem" }).click();
      await provision.getByText("Written and verified by the modem’s checksum").waitFor({ timeout: 60_000 });
      await console.show("Trace");
      await trace
        .getByRole("row")
        .filter({ hasText: /AT\+QFUPL/ })
        .first()
        .waitFor();
    }));
});
