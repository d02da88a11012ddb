/** Provisioning as the page and the command line do it: through a session, over a Bluetooth link of 20 bytes. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createPki } from "../../tools/pki/set.ts";
import { type Prepared, prepare } from "../../tools/provision/inspect.ts";
import { rules } from "../../tools/provision/rules/quectel-bg9x.ts";
import { listStore, ProvisionError, provision, removeFile } from "../../tools/provision/write.ts";
import { openSession } from "../../tools/repl/open-session.ts";
import type { Session } from "../../tools/repl/session.ts";
import { type BoardPort, openBoardPort } from "../support/board-port.ts";
import { type FirmwareRig, startFirmware } from "../support/firmware-rig.ts";

const LIMIT = { timeout: 60_000 };

describe("over Bluetooth", () => {
  const store = new Map<string, Buffer>();
  let rig: FirmwareRig;
  let files: Prepared;
  let port: BoardPort;
  let session: Session;
  let shown = "";

  const connect = (): void => {
    port = openBoardPort(rig.board);
    session = openSession(port);
    session.onText((text) => {
      shown += text;
    });
  };
  const isQuiet = (text: string): void => {
    const body = (files.key ?? "").split("\n").slice(1, -2).join("");
    for (let at = 0; at + 16 <= body.length; at += 8) assert.ok(!text.includes(body.slice(at, at + 16)));
  };

  before(async () => {
    rig = await startFirmware({ speed: 4, modem: { files: store } });
    await rig.until("registered", () => rig.console.includes("link registered"));
    const pki = await createPki({ hosts: ["broker.test"], client: "unit", keyKind: "rsa-2048", intermediate: true });
    files = await prepare({ ca: pki.ca, cert: pki.client?.chain, key: pki.client?.key }, rules);
    connect();
  });
  after(async () => {
    await session.close();
    await rig.stop();
  });

  test("all three, while a line is being typed and the trace is on", LIMIT, async () => {
    await session.evaluate("(godwit.trace=true)");
    const typed = session.type("1+");
    const { written, isScrubbed } = await provision(session, files, { rules });
    await typed;
    assert.deepEqual(
      written.map(({ name, isListed }) => [name, isListed]),
      [
        ["ca.pem", true],
        ["client.pem", true],
        ["client.key", true],
      ],
    );
    assert.equal(isScrubbed, true);
    assert.equal(store.get("client.key")?.toString("latin1"), files.key);
    assert.equal(store.get("client.pem")?.toString("latin1"), files.cert);
    isQuiet(shown + rig.console.join("\n"));
    await session.type("1\n");
    await rig.until("the line that was typed is still there", () => /=2/.test(shown));
    assert.deepEqual(rig.alarms, []);
  });

  test("list, remove, and a file in parts", LIMIT, async () => {
    assert.equal((await listStore(session, rules)).length, 3);
    assert.equal((await removeFile(session, "client.key", rules)).length, 2);
    const long = (files.ca ?? "").repeat(8);
    assert.ok(long.length > 8191);
    await provision(session, { ca: long }, { rules });
    assert.equal(store.get("ca.pem")?.toString("latin1"), long);
  });

  test(
    "a link that is lost in the middle of the key: an error that says so, and the next try works",
    LIMIT,
    async () => {
      const { write } = port;
      let left = 1500;
      port.write = (bytes) => {
        left -= bytes.length;
        if (left < 0) port.cut();
        return write(bytes);
      };
      const error = await provision(session, { key: files.key ?? "" }, { rules }).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof Error && "code" in error, String(error));
      assert.match(String(error.code), /^(REPL_CLOSED|PORT_LOST)$/);
      if (error instanceof ProvisionError) assert.equal(error.isUnscrubbed, true);
      isQuiet(`${error.message}${error.stack}${shown}`);
      connect();
      // The board waits for the rest of the packet for up to 5 s of its clock, and may be asked too early.
      for (let tries = 1; ; tries++) {
        const again = await provision(session, { key: files.key ?? "" }, { rules }).catch(() => undefined);
        if (again !== undefined) break;
        assert.ok(tries < 4, "it does not work again");
      }
      assert.equal(store.get("client.key")?.toString("latin1"), files.key);
      isQuiet(shown + rig.console.join("\n"));
      assert.deepEqual(rig.alarms, []);
    },
  );

  test(
    "a link that stands still in the middle of the key: what the board takes for typed text says nothing",
    LIMIT,
    async () => {
      const { write } = port;
      // In the first half, and in the second.
      for (const bytes of [1500, 4000]) {
        let left = bytes;
        port.write = async (chunk) => {
          const isBefore = left >= 0;
          left -= chunk.length;
          if (isBefore && left < 0) {
            const start = rig.board.clock.now();
            await rig.until("the board has given the packet up", () => rig.board.clock.now() - start > 6000);
          }
          return write(chunk);
        };
        await provision(session, { key: files.key ?? "" }, { rules }).catch(() => undefined);
        assert.ok(left < 0, "the link stood still");
      }
      port.write = write;
      isQuiet(shown + rig.console.join("\n"));
    },
  );

  test("afterwards the board reboots", LIMIT, async () => {
    const { isRebooting } = await provision(session, { ca: files.ca ?? "" }, { rules, reboot: true });
    assert.equal(isRebooting, true);
    await rig.until("rebooted", () => rig.reboots() === 1);
  });
});
