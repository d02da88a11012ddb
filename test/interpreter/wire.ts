import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, constants, existsSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

export interface Wire {
  /** What the interpreter opens. */
  readonly path: string;
  /** Drops what nobody read: at a power-up the UART starts empty. */
  flush(): void;
  close(): Promise<void>;
}

/** A pseudo-terminal whose other end is `uart`. Node cannot make one; socat can. */
export async function openWire(directory: string, uart: Duplex): Promise<Wire> {
  const path = join(directory, "uart");
  // raw and echo=0: without them the terminal cooks the bytes that come before the interpreter opens it.
  const socat = spawn("socat", ["-", `pty,link=${path},raw,echo=0`], { stdio: ["pipe", "pipe", "inherit"] });
  await ready(socat, path);
  // Held open, or socat would end when the interpreter closes its side at a reboot.
  const held = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  const toBoard = (bytes: Buffer): void => {
    socat.stdin.write(bytes);
  };
  const toModem = (bytes: Buffer): void => {
    uart.write(bytes);
  };
  uart.on("data", toBoard);
  socat.stdout.on("data", toModem);
  // The pipe may close while the last bytes are under way.
  socat.stdin.on("error", () => {});
  return {
    path,
    flush: () => drain(held),
    async close() {
      uart.off("data", toBoard);
      socat.stdout.off("data", toModem);
      closeSync(held);
      await ended(socat);
    },
  };
}

async function ready(socat: ChildProcess, path: string): Promise<void> {
  let failed: Error | undefined;
  socat.once("error", (error) => {
    failed = new Error(`socat is needed to give the interpreter a UART: ${error.message}`);
  });
  for (let tries = 0; tries < 500; tries++) {
    if (failed) throw failed;
    if (existsSync(path)) return;
    await sleep(10);
  }
  socat.kill();
  throw new Error("socat made no pseudo-terminal within 5 s");
}

function drain(held: number): void {
  const scratch = Buffer.alloc(4096);
  try {
    while (readSync(held, scratch, 0, scratch.length, null) > 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
  }
}

/** Ends a process that is ours and waits until it is gone. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGKILL");
  });
}
