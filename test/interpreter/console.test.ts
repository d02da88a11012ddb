/**
 * Sessions typed into the real interpreter: its answers are those that test/virtual-board/fixtures/console.json has, byte for byte,
 * and that the virtual board is held to. `GODWIT_RECORD=1` writes that file anew.
 */
import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { ANSWERS, normalise, readAnswers, type Step, sessions } from "../virtual-board/console-sessions.ts";
import { interpreterPath } from "./harness.ts";

const isRecording = process.env["GODWIT_RECORD"] === "1";
/** The interpreter has so long for an answer that is known. */
const ANSWER_MS = 2000;
/** So long is waited for an answer that is not known, or where none is to come. */
const SILENCE_MS = isRecording ? 300 : 100;

/** An answer is over when nothing has come for so long. */
const QUIET_MS = 30;

class Terminal {
  private readonly directory = mkdtempSync(join(tmpdir(), "godwit-console-"));
  private readonly child: ChildProcessWithoutNullStreams;
  private text = "";
  private onText: () => void = () => {};
  private readonly ended: Promise<unknown>;

  constructor(binary: string) {
    this.child = spawn(binary, ["--boot-forever"], { cwd: this.directory });
    this.ended = once(this.child, "exit");
    this.child.stdin.on("error", (error) => {
      this.text += `[the interpreter has ended: ${error.message}]`;
    });
    this.child.stdout.on("data", (bytes: Buffer) => {
      this.text += bytes.toString("latin1");
      this.onText();
    });
  }

  /** What a step brings: `expected`, as soon as it is there, or what is there when the time is up. */
  async step(step: Step, expected: string | undefined): Promise<string> {
    const waitMs = typeof step === "string" ? 0 : step.waitMs;
    if (typeof step === "string") this.child.stdin.write(step, "latin1");
    await new Promise<void>((resolve) => {
      const limit = setTimeout(resolve, waitMs + (expected ? ANSWER_MS : SILENCE_MS));
      let quiet: NodeJS.Timeout | undefined;
      this.onText = () => {
        clearTimeout(quiet);
        if (!expected || normalise(this.text) !== expected) return;
        // The rest of a trace, of which nothing is left in what is compared, may still be on its way.
        quiet = setTimeout(() => {
          clearTimeout(limit);
          resolve();
        }, QUIET_MS);
      };
      this.onText();
    });
    this.onText = () => {};
    const { text } = this;
    this.text = "";
    return normalise(text);
  }

  async stop(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.ended;
    rmSync(this.directory, { recursive: true, force: true });
  }
}

describe("interpreter: sessions at the console", {
  skip: interpreterPath() ? false : "ESPRUINO is not set",
  // Each waits for its own interpreter most of the time.
  concurrency: 6,
}, () => {
  const known = isRecording ? {} : readAnswers();
  const recorded: Record<string, string[]> = {};
  after(() => {
    if (isRecording)
      writeFileSync(
        ANSWERS,
        `${JSON.stringify(Object.fromEntries(sessions.map(({ name }) => [name, recorded[name]])), null, 1)}\n`,
      );
  });

  for (const { name, steps } of sessions) {
    it(name, async () => {
      const terminal = new Terminal(interpreterPath() as string);
      const answers: string[] = [];
      try {
        for (const [index, step] of ["", ...steps].entries()) {
          const expected = known[name]?.[index];
          const answer = await terminal.step(step, expected);
          answers.push(answer);
          if (!isRecording) assert.equal(answer, expected, `after ${JSON.stringify(step)}`);
        }
      } finally {
        await terminal.stop();
      }
      recorded[name] = answers;
    });
  }
});
