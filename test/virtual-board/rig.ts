import assert from "node:assert/strict";
import { createManualClock, type ManualClock } from "../../tools/clock.ts";
import { VirtualBoard, type VirtualBoardOptions } from "../../tools/virtual-board/board.ts";

export interface Rig {
  readonly board: VirtualBoard;
  readonly clock: ManualClock;
  /** What the console has shown. */
  text(): string;
  /** Bytes that left Serial1, one char a byte. */
  sent(): string;
  /** Puts bytes on the wire to Serial1. */
  send(bytes: string): void;
  /** Values of the board as text. */
  ask(expression: string): string;
}

/** A board on a clock that the test moves, with the far end of Serial1 in the test's hands. */
export function createRig(options: Partial<VirtualBoardOptions> = {}): Rig {
  const clock = createManualClock();
  const board = new VirtualBoard({ board: "rak5010", clock, ...options });
  let text = "";
  let sent = "";
  board.on("console", (more) => {
    text += more;
  });
  board.on("defect", (error) => assert.fail(`defect of the virtual board: ${String(error)}`));
  board.serial("Serial1").on("data", (bytes: Buffer) => {
    sent += bytes.toString("latin1");
  });
  return {
    board,
    clock,
    text: () => text,
    sent: () => sent,
    send: (bytes) => void board.serial("Serial1").write(Buffer.from(bytes, "latin1")),
    ask: (expression) => String(board.evaluate(expression)),
  };
}

/** Lets Node's streams do what they have put off. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
