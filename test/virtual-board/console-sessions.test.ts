/** The virtual board's console against the recorded answers of the real interpreter (console-sessions.ts). */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createManualClock } from "../../tools/clock.ts";
import { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { normalise, readAnswers, type Step, sessions } from "./console-sessions.ts";
import { settle } from "./rig.ts";

/** The DK's console is on a serial port, as that of the interpreter that was recorded. */
class Terminal {
  private readonly clock = createManualClock();
  private readonly board = new VirtualBoard({ board: "nrf52840dk", clock: this.clock, serial: { paced: false } });
  private text = "";

  constructor() {
    this.board.on("defect", (error) => assert.fail(String(error)));
    this.board.serial("Serial1").on("data", (bytes: Buffer) => {
      this.text += bytes.toString("latin1");
    });
    this.board.start();
    this.clock.advance(1000);
  }

  async step(step: Step, pieces: (bytes: string) => readonly string[]): Promise<string> {
    if (typeof step !== "string") this.clock.advance(step.waitMs);
    else for (const piece of pieces(step)) await this.send(piece);
    await settle();
    const { text } = this;
    this.text = "";
    return normalise(text);
  }

  private async send(piece: string): Promise<void> {
    const uart = this.board.uart("Serial1");
    const until = uart.received + piece.length;
    this.board.serial("Serial1").write(Buffer.from(piece, "latin1"));
    while (uart.received < until) {
      await settle();
      this.clock.advance(0.01);
    }
    this.clock.advance(1);
  }
}

const whole = (bytes: string): readonly string[] => (bytes === "" ? [] : [bytes]);
const single = (bytes: string): readonly string[] => [...bytes];

const answers = readAnswers();

for (const [how, pieces] of [
  ["at once", whole],
  ["byte by byte", single],
] as const) {
  describe(`virtual board: sessions at the console, sent ${how}`, () => {
    for (const { name, steps } of sessions) {
      it(name, async () => {
        const terminal = new Terminal();
        for (const [index, step] of ["", ...steps].entries()) {
          assert.equal(await terminal.step(step, pieces), answers[name]?.[index], `after ${JSON.stringify(step)}`);
        }
      });
    }
  });
}
