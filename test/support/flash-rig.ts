/** A virtual board that is flashed over its Bluetooth, and images that say who they are. */
import assert from "node:assert/strict";

import { crc32 } from "../../tools/flash/crc32.ts";
import { type FlashOptions, flash } from "../../tools/flash/flasher.ts";
import type { Image } from "../../tools/flash/image.ts";
import { bundleLoader } from "../../tools/flash/make-image.ts";
import { PortError } from "../../tools/port/port.ts";
import { openSession } from "../../tools/repl/open-session.ts";
import type { Session } from "../../tools/repl/session.ts";
import { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { FlashMemory } from "../../tools/virtual-board/flash.ts";
import { type BoardPort, openBoardPort } from "./board-port.ts";
import { createSteadyClock } from "./steady-clock.ts";

let loader = "";

export async function prepareImages(): Promise<void> {
  loader = await bundleLoader("rak5010");
}

/** What an image does that connects at once. */
const PROVE = 'f=require("Flash");if(f.read(1,slot+164)[0])f.write("\\0\\0\\0\\0",slot+164);';

export function imageOfCode(code: string, changes: Partial<Image> = {}): Image {
  return {
    godwit: 1,
    board: "rak5010",
    espruinoBoard: "RAK5010",
    version: "1.0.0",
    buildTime: 1_790_000_000,
    features: [],
    code,
    crc32: crc32(code),
    loader,
    symbols: { script: code, map: "{}", names: {} },
    ...changes,
  };
}

/** As long as a real one, with every byte value in it. */
export const longCode = (name: string, copies = 20): string => {
  const bytes = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join("");
  return `${PROVE}running="${name}";//${bytes.replace(/[\r\n]/g, " ").repeat(copies)}`;
};

export class FlashRig {
  readonly flash = new FlashMemory();
  readonly board: VirtualBoard;
  readonly alarms: string[] = [];
  /** The session's patience, in less time. */
  private readonly sessionClock = createSteadyClock(10);
  ports: BoardPort[] = [];
  private untilCut = -1;

  constructor(speed = 50) {
    this.board = new VirtualBoard({ board: "rak5010", clock: createSteadyClock(speed), flash: this.flash });
    this.board.on("defect", (error) => this.alarms.push(String(error)));
    this.board.on("flash-abuse", (message) => this.alarms.push(message));
    this.board.start();
  }

  /** The link is lost once, when so many bytes have left. */
  cutAfter(bytes: number): void {
    this.untilCut = bytes;
  }

  /** The plug out and in again. */
  powerCycle(): void {
    this.board.stop();
    this.flash.powerOn();
    this.board.start();
  }

  readonly source = async (): Promise<Session> => {
    const port = openBoardPort(this.board, { chunkBytes: 20 });
    const { write } = port;
    port.write = (bytes) => {
      if (this.untilCut >= 0 && this.untilCut < bytes.length) {
        const sent = write(bytes.slice(0, this.untilCut)).then(() => port.cut());
        this.untilCut = -1;
        return sent.then(() => Promise.reject(new PortError("PORT_LOST", "cut")));
      }
      this.untilCut -= bytes.length;
      return write(bytes);
    };
    this.ports.push(port);
    return openSession(port, { timers: this.sessionClock });
  };

  async with<T>(use: (session: Session) => Promise<T>): Promise<T> {
    const session = await this.source();
    try {
      return await use(session);
    } finally {
      await session.close();
    }
  }

  put(image: Image, options: FlashOptions = {}): ReturnType<typeof flash> {
    return flash(this.source, image, { waitS: 20, pauseMs: 20, ...options }).finally(async () => {
      for (const port of this.ports.splice(0)) await port.close();
    });
  }

  stop(): void {
    this.board.stop();
    assert.deepEqual(this.alarms, []);
  }
}
