/** REPL, Provision, Trace and Status, through Web Bluetooth, on a board that is on its way to its broker. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { launchChromium } from "./chromium.ts";
import { type ConsolePage, PERIPHERAL_NAME, withBluetooth } from "./console-page.ts";
import { type Desk, openDesk, type Parts, prepareParts, servePage } from "./desk.ts";
import { dropPems, type PemFile, pemsOf } from "./pems.ts";
import type { Served } from "./serve.ts";
import { sourceLines } from "./source-lines.ts";
import { reachBoard } from "./virtual-end.ts";

describe("the page's panels", () => {
  let browser: Browser;
  let parts: Parts;
  let served: Served;
  let desk: Desk;
  before(async () => {
    [browser, parts] = await Promise.all([launchChromium(), prepareParts()]);
    [served, desk] = await Promise.all([servePage(parts), openDesk(parts)]);
  });
  after(async () => {
    await browser?.close();
    await desk?.close();
    await served?.close();
  });

  function withConsole(run: (console: ConsolePage) => Promise<void>): Promise<void> {
    const reach = reachBoard(() => desk.demo.board);
    return withBluetooth(browser, served.url, reach, async ({ console }) => {
      await console.connect("Bluetooth", PERIPHERAL_NAME);
      await run(console);
    });
  }

  const pemFiles = (): [PemFile, PemFile, PemFile] => pemsOf(desk.demo.ownFiles ?? {});

  /** Any part of the key that could be of use: a line of its base64. */
  function keyLines(): string[] {
    const [, , key] = pemFiles();
    return key.text.split("\n").filter((line) => line.length > 20 && !line.startsWith("-"));
  }

  it("REPL: what is typed is echoed and answered; a paste of many lines is one function", () =>
    withConsole(async (console) => {
      const panel = await console.show("REPL");
      await panel.getByRole("textbox", { name: "Terminal input" }).focus();
      await console.page.keyboard.type("6*7\n");
      await console.terminalShows(/6\*7\n=42/);
      await console.send("function area(w, h) {\n  return w *\n    h;\n}\narea(6, 111)");
      await console.terminalShows(/area\(6, 111\)\n=666/);
      // The newest entry of the history, and the one before it.
      const field = panel.getByLabel("Lines to send");
      await console.send("'second'");
      await console.terminalShows(/="second"/);
      await field.press("ArrowUp");
      assert.equal(await field.inputValue(), "'second'");
      await field.press("ArrowUp");
      assert.match(await field.inputValue(), /^function area/);
    }));

  it("REPL: a stack trace shows the TypeScript file and line", () =>
    withConsole(async (console) => {
      await console.pickImage(parts.imageFile);
      await console.panel("Flash").getByText(parts.image.version, { exact: true }).waitFor();
      const panel = await console.show("REPL");
      await console.send("godwit.client.publish(1)");
      const text = await console.terminalShows(/<- .+ \(publish\)[\s\S]*<- .+ \(publish\)/);
      assert.deepEqual(sourceLines(text, "modules/mqtt/client.ts"), [
        "sentField = field(topic);",
        "return /*@__NOINLINE__*/ publish(topic, payload, how, done);",
      ]);
      await panel
        .getByRole("button", { name: /modules\/mqtt\/client\.ts:\d+/ })
        .first()
        .waitFor();
    }));

  it("REPL: an error code is explained", () =>
    withConsole(async (console) => {
      const panel = await console.show("REPL");
      await console.send("print('link secured ! TLS_REFUSED x')");
      await panel.getByRole("button", { name: "TLS_REFUSED" }).click();
      const sheet = console.page.getByRole("dialog", { name: "TLS_REFUSED" });
      await sheet.getByText("Likely causes, most likely first").waitFor();
      await sheet.getByText("What to do").waitFor();
      await console.shown.screenshot("repl-explained");
      await sheet.getByRole("button", { name: "Close" }).click();
      await sheet.waitFor({ state: "hidden" });
    }));

  it("Provision: three PEMs are judged, written and read back; the key stays nowhere", () =>
    withConsole(async (console) => {
      const panel = await console.show("Provision");
      await dropPems(panel, pemFiles());
      await panel
        .getByRole("status")
        .filter({ hasText: /All is well|It may fail/ })
        .waitFor();
      for (const { name } of pemFiles()) await panel.getByRole("rowheader", { name, exact: true }).waitFor();
      await console.shown.screenshot("provision-judged");
      await console.page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
      await panel.getByRole("button", { name: "Copy the command" }).first().click();
      await panel.getByRole("status").getByText("Copied", { exact: true }).waitFor();
      assert.match(String(await console.page.evaluate("navigator.clipboard.readText()")), /^openssl req .* -nodes /);
      await panel.getByRole("button", { name: "Write to the modem" }).click();
      await panel.getByText("Written and verified by the modem’s checksum").waitFor({ timeout: 30_000 });
      const store = panel.getByRole("region", { name: "The modem’s own store" });
      for (const { name } of pemFiles()) await store.getByRole("rowheader", { name, exact: true }).waitFor();
      await console.shown.screenshot("provision-written");
      await panel.getByRole("status").getByText("Written and verified", { exact: true }).waitFor();
      assert.equal(await panel.getByRole("combobox", { name: /^What .* is$/ }).count(), 0, "the files are forgotten");
      // The report is still that of what was written: the key belongs to the certificate.
      const report = panel.getByRole("region", { name: "Findings on what was written" });
      await report.getByText("PAIR_MATCHES").waitFor();
      assert.equal(await report.getByText("PAIR_INCOMPLETE").count(), 0);
      await panel.getByRole("region", { name: "Chain" }).getByText("forgotten here").waitFor();
      assert.equal(await panel.getByRole("button", { name: "Write to the modem" }).isDisabled(), true);
      const kept = [
        await console.page.content(),
        String(await console.page.evaluate("JSON.stringify([localStorage, sessionStorage])")),
        String(desk.demo.board.evaluate('require("Storage").list().map(name=>require("Storage").read(name)).join()')),
        await console.show("REPL").then(() => console.terminalText()),
      ];
      for (const line of keyLines()) for (const text of kept) assert.ok(!text.includes(line), "a line of the key");
      await console.show("Provision");
      await store.getByRole("button", { name: "List" }).click();
      await store.getByRole("rowheader", { name: "ca.pem" }).waitFor();
      // What is dropped now is judged by itself.
      const [, cert] = pemFiles();
      await dropPems(panel, [cert]);
      await panel.getByRole("region", { name: "Findings", exact: true }).getByText("PAIR_INCOMPLETE").waitFor();
      assert.equal(await panel.getByText("Written and verified").count(), 0);
    }));

  it("Provision: a damaged PEM is explained, and nothing is written", () =>
    withConsole(async (console) => {
      const panel = await console.show("Provision");
      const [ca, cert, key] = pemFiles();
      // As a mail program leaves it: the end is missing.
      const damaged = { ...cert, text: cert.text.slice(0, cert.text.length / 2) };
      await dropPems(panel, [ca, damaged, key]);
      await panel.getByRole("status").filter({ hasText: "It would fail" }).waitFor();
      const findings = panel.getByRole("region", { name: "Findings" }).getByRole("listitem");
      const finding = findings.filter({ hasText: /client certificate, PEM_/ });
      await finding.first().waitFor();
      assert.match((await finding.first().textContent()) ?? "", /error[\s\S]+PEM_/);
      await panel.getByRole("region", { name: "Chain" }).getByText("cannot be read").waitFor();
      await console.shown.screenshot("provision-damaged");
      assert.equal(await panel.getByRole("button", { name: "Write to the modem" }).isDisabled(), true);
    }));

  it("Status: the ladder reaches connected", () =>
    withConsole(async (console) => {
      const panel = await console.show("Status");
      await panel.getByRole("heading", { name: "Connected: TLS and MQTT are up." }).waitFor({ timeout: 30_000 });
      const steps = await panel
        .getByRole("listitem")
        .filter({ hasText: /reached|here now/ })
        .allInnerTexts();
      assert.deepEqual(
        steps.map((step) => step.split("\n")[0]?.trim()),
        ["off", "ready", "registered", "active", "timed", "secured", "connected"],
      );
      await panel.getByText("What this modem’s TLS enforces").waitFor();
      await panel.getByText(/ of 12,500/).waitFor();
      await console.shown.screenshot("status-connected");
    }));

  it("Trace: AT commands and MQTT packets are decoded, and no secret is in it", () =>
    withConsole(async (console) => {
      const status = await console.show("Status");
      await status.getByRole("heading", { name: "Connected: TLS and MQTT are up." }).waitFor({ timeout: 30_000 });
      const panel = await console.show("Trace");
      await panel.getByRole("button", { name: "Start" }).click();
      await panel.getByRole("button", { name: "Stop" }).waitFor();
      desk.demo.send({ cmd: "report" });
      const rows = panel.getByRole("region", { name: "Trace" }).getByRole("row");
      await rows
        .filter({ hasText: "MQTT" })
        .filter({ hasText: /PUBLISH/ })
        .first()
        .waitFor();
      await rows
        .filter({ hasText: /AT\+QSSLSEND/ })
        .first()
        .waitFor();
      await console.shown.screenshot("trace-mqtt");
      const provision = await console.show("Provision");
      await dropPems(provision, pemFiles());
      await provision.getByRole("button", { name: "Write to the modem" }).click();
      await provision.getByText("Written and verified by the modem’s checksum").waitFor({ timeout: 30_000 });
      await console.show("Trace");
      const [download] = await Promise.all([
        console.page.waitForEvent("download"),
        panel.getByRole("button", { name: "Export" }).click(),
      ]);
      const text = readFileSync(await download.path(), "utf8");
      assert.match(text, /PUBLISH/);
      assert.match(text, /AT\+QFUPL/);
      for (const line of keyLines()) assert.ok(!text.includes(line), "a line of the key");
      await panel.getByRole("button", { name: "Stop" }).click();
    }));
});
