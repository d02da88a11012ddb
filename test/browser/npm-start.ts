/** `npm start` as a process of its own: the page with its virtual board, over real WebSockets. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const command = fileURLToPath(new URL("../../tools/cli/godwit.mjs", import.meta.url));
/** Also the time to build the firmware and, after a change, the page. */
const START_MS = 60_000;
/** Clock of board and modem: a boot takes the chip half a minute. */
const SPEED = 4;

export interface Started {
  readonly url: string;
  stop(): Promise<void>;
}

export async function npmStart(): Promise<Started> {
  const options = ["--no-open", "--page-port", "0", "--speed", `${SPEED}`, "--interval", "10"];
  const child = spawn(process.execPath, [command, "demo", ...options], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`npm start ${why}:\n${output}`));
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      fail(`has no page after ${START_MS} ms`);
    }, START_MS);
    child.once("exit", () => fail("ended"));
    child.stderr.on("data", (bytes: Buffer) => {
      output += bytes.toString();
    });
    child.stdout.on("data", (bytes: Buffer) => {
      output = (output + bytes.toString()).slice(-20_000);
      const found = /the page: (http:\S+)/.exec(output);
      if (found?.[1] === undefined) return;
      clearTimeout(timer);
      resolve(found[1]);
    });
  });
  return {
    url,
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
