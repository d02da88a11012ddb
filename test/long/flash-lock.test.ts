/** A console that is closed: who still gets in, and that nothing the image does opens it again. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it, type TestContext } from "node:test";
import { bundleFirmware } from "../../tools/build/firmware.ts";
import { root } from "../../tools/build/paths.ts";
import { createClock } from "../../tools/clock.ts";
import { startConsolePort } from "../../tools/console/console-port.ts";
import { createDesk } from "../../tools/console/desk.ts";
import { type FlashProgress, flash } from "../../tools/flash/flasher.ts";
import type { Image } from "../../tools/flash/image.ts";
import { serialiseImage } from "../../tools/flash/image-file.ts";
import { type Lock, lockScript, putLock, randomPasskey, removeLock } from "../../tools/flash/lock.ts";
import { imageOf } from "../../tools/flash/make-image.ts";
import { readSlots } from "../../tools/flash/slots.ts";
import { openSession } from "../../tools/repl/open-session.ts";
import type { Session } from "../../tools/repl/session.ts";
import { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { FlashMemory } from "../../tools/virtual-board/flash.ts";
import { openBoardPort } from "../support/board-port.ts";
import { imageOfCode, longCode, prepareImages } from "../support/flash-rig.ts";

const PASSKEY = "492817";
const WRONG = "492818";
const LIMIT = { timeout: 60_000 };
const firmware = new Map<string, Image>();

/** A board that is flashed, locked, and then met by peers with and without a passkey. */
class Rig {
  readonly board: VirtualBoard;
  readonly flash = new FlashMemory();
  readonly storage = new Map<string, string>();
  readonly alarms: string[] = [];
  /** All that has left the board by Bluetooth, whoever it was for. */
  sent = "";
  /** What a terminal would show. */
  shown = "";
  passkey: string | undefined;
  /** From the lock on, unless the button is held: a bare interpreter on the kit has its console on a UART. */
  isClosed = false;
  private readonly clock = createClock(4);
  private readonly boardClock = createClock(50);

  constructor(context: TestContext, board = "rak5010") {
    const { flash, storage } = this;
    this.board = new VirtualBoard({ board, clock: this.boardClock, flash, storage });
    this.board.on("defect", (error) => this.alarms.push(String(error)));
    this.board.on("flash-abuse", (message) => this.alarms.push(message));
    this.board.on("console-takeover", ({ device }) => {
      if (this.isClosed) this.alarms.push(`console on ${device}`);
    });
    this.board.on("console", (text) => {
      this.shown += text;
    });
    this.board.start();
    context.after(() => {
      this.board.stop();
      assert.deepEqual(this.alarms, []);
    });
  }

  readonly source = async (): Promise<Session> => {
    const { passkey } = this;
    const port = openBoardPort(this.board, passkey === undefined ? {} : { passkey });
    port.link.onData((bytes) => {
      this.sent += Buffer.from(bytes).toString("latin1");
    });
    return openSession(port, { timers: this.clock });
  };

  async with<T>(use: (session: Session) => Promise<T>): Promise<T> {
    const session = await this.source();
    try {
      return await use(session);
    } finally {
      await session.close();
    }
  }

  /** As the command does it: the image, the lock, the restart. */
  async put(image: Image, lock: Lock, onProgress: (progress: FlashProgress) => void = () => undefined): Promise<void> {
    let session: Session | undefined;
    await flash(
      async () => {
        session = await this.source();
        return session;
      },
      image,
      { waitS: 0, pauseMs: 10, onProgress },
    ).catch((error: { code?: unknown }) => assert.equal(error.code, "FLASH_BOOT"));
    await session?.close();
    await this.with((open) => putLock(open, lockScript(lock, image)));
    this.isClosed = true;
    this.powerCycle();
  }

  powerCycle(): void {
    this.board.stop();
    this.board.start();
  }

  /** What a peer finds, and what becomes of its bytes. */
  async meet(passkey?: string): Promise<{ service: string; write: string; queued: number }> {
    const link = this.board.bluetooth(passkey === undefined ? {} : { passkey });
    const uart = this.board.uart("Bluetooth");
    const before = uart.received;
    const write = await link.write(Buffer.from("\x03\nintruder=1\n")).then(
      () => "taken",
      (error: { code: string }) => error.code,
    );
    await this.settle(100);
    const queued = uart.received - before;
    const { service } = link;
    link.close();
    return { service, write, queued };
  }

  /** Until the event loop has had its turn: whatever was to be executed is. */
  async settle(ms = 2000): Promise<void> {
    await new Promise<void>((resolve) => this.boardClock.setTimeout(resolve, ms));
  }

  intruder(): unknown {
    return this.board.evaluate("global.intruder");
  }
}

const refused = { service: "locked", write: "locked", queued: 0 };
const gone = { service: "absent", write: "absent", queued: 0 };

const built = (board: string): Image => {
  const image = firmware.get(board);
  if (image === undefined) throw new Error(`${board} was not built`);
  return image;
};

/** Images that a lock has to outlive. */
const IMAGES: readonly (readonly [string, () => Image])[] = [
  ["the firmware", () => built("rak5010")],
  ["an image that throws while it boots", () => imageOfCode('print("before");throw new Error("no such pin")')],
  [
    "an image that wants the console",
    () => imageOfCode('E.setConsole("Bluetooth",{force:true});setInterval(function(){print("here")},100)'),
  ],
];

describe("a lock", { concurrency: 4 }, () => {
  before(async () => {
    await prepareImages();
    for (const board of ["rak5010", "nrf52840dk"]) {
      firmware.set(board, await imageOf(await bundleFirmware({ board, buildTime: 1_790_000_000 })));
    }
  });

  for (const [name, image] of IMAGES) {
    it(`passkey, with ${name}: refuses who has none, or a wrong one`, LIMIT, async (context) => {
      const rig = new Rig(context);
      await rig.put(image(), { mode: "passkey", passkey: PASSKEY });
      assert.deepEqual(await rig.meet(), refused);
      assert.deepEqual(await rig.meet(WRONG), refused);
      await rig.settle();
      assert.equal(rig.intruder(), undefined);
      rig.passkey = PASSKEY;
      assert.equal(await rig.with((session) => session.evaluate("6*7")), 42);
      assert.equal(rig.board.consoleDevice, "Bluetooth");
    });

    it(
      `off, with ${name}: no service, no console, and nothing that is printed reaches anybody`,
      LIMIT,
      async (context) => {
        const rig = new Rig(context);
        await rig.put(image(), { mode: "off" });
        const link = rig.board.bluetooth({ passkey: PASSKEY });
        let heard = 0;
        link.onData((bytes) => {
          heard += bytes.length;
        });
        let onWire = "";
        rig.board.serial("Serial1").on("data", (bytes: Buffer) => {
          onWire += bytes.toString("latin1");
        });
        rig.shown = "";
        rig.board.evaluate('print("to nobody")');
        await rig.settle();
        assert.match(rig.shown, /to nobody/);
        assert.equal(heard, 0);
        link.close();
        assert.deepEqual(await rig.meet(), gone);
        await rig.settle();
        assert.equal(rig.intruder(), undefined);
        assert.doesNotMatch(onWire, /to nobody/);
      },
    );
  }

  it("off: the firmware keeps its console off, which without the lock it has on Bluetooth", LIMIT, async (context) => {
    const rig = new Rig(context);
    await rig.put(built("rak5010"), { mode: "off" });
    assert.equal(rig.board.evaluate("locked"), true);
    assert.equal(rig.board.evaluate("typeof godwit"), "object");
    assert.equal(rig.board.consoleDevice, null);
    rig.storage.delete(".boot0");
    rig.board.storage.erase(".boot0");
    rig.powerCycle();
    assert.equal(rig.board.consoleDevice, "Bluetooth");
  });

  it("stands on a board without any image, and without a loader", LIMIT, async (context) => {
    for (const [lock, found] of [
      [{ mode: "passkey", passkey: PASSKEY }, refused],
      [{ mode: "off" }, gone],
    ] as const) {
      const rig = new Rig(context);
      await rig.with((session) => putLock(session, lockScript(lock, { board: "rak5010" })));
      rig.powerCycle();
      assert.deepEqual(await rig.meet(), found);
      // A second after the start a console that nobody has placed goes where the board has it.
      await rig.settle();
      assert.deepEqual(await rig.meet(), found);
      assert.equal(rig.intruder(), undefined);
    }
  });

  it("stands after reset() and load(), and after a connection that held over them", LIMIT, async (context) => {
    const rig = new Rig(context);
    await rig.put(built("rak5010"), { mode: "passkey", passkey: PASSKEY });
    rig.passkey = PASSKEY;
    for (const restart of ["reset()", "load()"]) {
      await rig.with(async (session) => {
        await session.evaluate(`(${restart},0)`);
        await rig.settle();
        assert.equal(await session.evaluate("1"), 1, "who is in stays in");
      });
      assert.deepEqual(await rig.meet(), refused, restart);
    }
  });

  it("button: opens the console to who holds it at the start, and to nobody else", LIMIT, async (context) => {
    const rig = new Rig(context, "nrf52840dk");
    const image = built("nrf52840dk");
    await rig.put(image, { mode: "button" });
    assert.equal(image.service, "BTN1");
    assert.deepEqual(await rig.meet(), gone);
    assert.equal(rig.board.evaluate("typeof godwit"), "object");
    // Pressed is low at the pin. Pressed afterwards it opens nothing.
    rig.board.setPin("D11", 0);
    assert.deepEqual(await rig.meet(), gone);
    rig.isClosed = false;
    rig.powerCycle();
    rig.board.setPin("D11", undefined);
    assert.equal(await rig.with((session) => session.evaluate("6*7")), 42);
    await rig.with(async (session) => {
      const { isLocked, running } = await readSlots(session);
      assert.deepEqual([isLocked, running], [true, undefined], "a start with the button held leaves the image alone");
      // At an open console with the button released: closed again, for whoever is in.
      await session.evaluate("(reset(),0)").catch(() => undefined);
      await rig.settle();
      await assert.rejects(session.evaluate("(intruder=1)", { timeoutMs: 1000 }));
    });
    assert.equal(rig.intruder(), undefined);
    assert.deepEqual(await rig.meet(), gone);
  });

  it("button: a board that has none is told so, and nothing is written", () => {
    assert.throws(() => lockScript({ mode: "button" }, built("rak5010")), { code: "FLASH_LOCK" });
    assert.throws(() => lockScript({ mode: "button" }, { board: "x", service: "B;E.reboot()" }), {
      code: "FLASH_LOCK",
    });
    for (const passkey of ["", "12345", "1234567", "12345a", '1"});(', "١٢٣٤٥٦"])
      assert.throws(() => lockScript({ mode: "passkey", passkey }, { board: "x" }), { code: "FLASH_LOCK" });
  });

  it("is taken away over the console that it left", LIMIT, async (context) => {
    const rig = new Rig(context);
    await rig.put(imageOfCode(longCode("one")), { mode: "passkey", passkey: PASSKEY });
    rig.passkey = PASSKEY;
    await rig.with(removeLock);
    assert.deepEqual(await rig.meet(), refused, "not before the restart");
    rig.powerCycle();
    rig.passkey = undefined;
    assert.equal((await rig.with(readSlots)).isLocked, false);
    assert.equal(await rig.with((session) => session.evaluate("running")), "one");
  });

  it("keeps its passkey out of all that is shown, told and reported", LIMIT, async (context) => {
    const rig = new Rig(context);
    const told: FlashProgress[] = [];
    await rig.put(built("rak5010"), { mode: "passkey", passkey: PASSKEY }, (progress) => told.push(progress));
    rig.passkey = PASSKEY;
    await rig.with(async (session) => {
      await session.evaluate("godwit.status()").catch(() => undefined);
      await readSlots(session);
    });
    for (const text of [JSON.stringify(told), rig.shown, rig.sent]) assert.doesNotMatch(text, new RegExp(PASSKEY));
    await rig.with(removeLock);
    const fill = 'require("Storage").write("fill","x",0,require("Storage").getFree()-200)';
    await rig.with((session) => session.evaluate(fill));
    const script = `${lockScript({ mode: "passkey", passkey: PASSKEY }, built("rak5010"))};//${"x".repeat(400)}`;
    await rig.with((session) =>
      assert.rejects(putLock(session, script), (error: Error & { code?: unknown; detail?: unknown }) => {
        assert.equal(error.code, "FLASH_STORAGE");
        assert.doesNotMatch(`${error.stack} ${String(error.detail)} ${JSON.stringify(error)}`, new RegExp(PASSKEY));
        return true;
      }),
    );
  });

  it("draws passkeys of six digits, hardly one twice", () => {
    const drawn = Array.from({ length: 2000 }, randomPasskey);
    for (const passkey of drawn) assert.match(passkey, /^\d{6}$/);
    assert.ok(new Set(drawn).size > 1970, `${new Set(drawn).size} of 2,000`);
    for (const digit of "0123456789") assert.ok(drawn.some((passkey) => passkey.startsWith(digit)));
  });
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function godwit(args: readonly string[]): Promise<Ended> {
  const env = { ...process.env, NO_COLOR: "1" };
  const entry = join(root, "tools", "cli", "godwit.mjs");
  const child = spawn(process.execPath, [entry, ...args], { cwd: root, env, timeout: 50_000 });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (bytes: Buffer) => {
    stdout += bytes.toString();
  });
  child.stderr.on("data", (bytes: Buffer) => {
    stderr += bytes.toString();
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr })));
}

describe("the command", () => {
  before(prepareImages);

  it("flash --lock passkey, then in only with it, then --unlock", LIMIT, async (context) => {
    const rig = new Rig(context);
    const directory = mkdtempSync(join(tmpdir(), "godwit-lock-"));
    context.after(() => rmSync(directory, { recursive: true }));
    const file = join(directory, "image.json");
    writeFileSync(file, serialiseImage(imageOfCode(longCode("one"))));
    const desk = createDesk(() => {
      try {
        return rig.board.bluetooth(rig.passkey === undefined ? {} : { passkey: rig.passkey });
      } catch (error) {
        return (error as { code?: string }).code === "in-use" ? "in-use" : "off";
      }
    });
    const server = await startConsolePort({ port: 0, desk, onNote: () => undefined });
    context.after(() => server.close());
    const port = ["--port", `tcp:127.0.0.1:${server.port}`];

    const locked = await godwit(["flash", file, ...port, "--lock", "passkey", "--json"]);
    assert.equal(locked.code, 0, locked.stdout + locked.stderr);
    const { outcome, lock, passkey } = JSON.parse(locked.stdout) as Record<string, string>;
    assert.deepEqual([outcome, lock], ["proved", "passkey"]);
    assert.match(String(passkey), /^\d{6}$/);
    await rig.settle();
    assert.deepEqual(await rig.meet(), refused);
    const stranger = await godwit(["flash", "--list", ...port]);
    assert.equal(stranger.code, 1);
    assert.match(stranger.stderr, /PORT_LOST|REPL_(SILENT|CLOSED)/);

    rig.passkey = passkey;
    const unlocked = await godwit(["flash", "--unlock", ...port]);
    assert.equal(unlocked.code, 0, unlocked.stderr);
    for (const text of [locked.stderr, stranger.stdout, stranger.stderr, unlocked.stdout, unlocked.stderr, rig.shown])
      assert.ok(!text.includes(String(passkey)));
    rig.powerCycle();
    rig.passkey = undefined;
    assert.equal(await rig.with((session) => session.evaluate("running")), "one");
  });
});
