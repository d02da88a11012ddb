/** A channel whose modem is a script. */
import type * as ChannelModule from "../../modules/at/channel.ts";
import type { Command } from "../../modules/at/command.ts";
import { loadModule } from "../../tools/virtual-board/load-module.ts";
import { createEagerClock } from "./eager-clock.ts";

export const load = (): Promise<typeof ChannelModule> =>
  loadModule<typeof ChannelModule>("modules/at/channel.ts", { clock: createEagerClock() });
const shared = await load();

export interface Outcome {
  error?: string | undefined;
  cause?: unknown;
  lines: string[];
  data: string;
}

/** A channel whose modem is a script: what it writes is looked up, what is found comes back. */
export function start(
  replies: Record<string, string | string[]> = {},
  cut: (bytes: string) => string[] = (bytes) => [bytes],
  { createChannel } = shared,
  { isOff = (): boolean => false, isBooting = true } = {},
) {
  const written: string[] = [];
  const urcs: string[] = [];
  const trace: string[] = [];
  const downs: string[] = [];
  let looks = 0;
  const queues = new Map(Object.entries(replies).map(([text, reply]) => [text, [reply].flat()]));
  const channel = createChannel(
    {
      write(bytes) {
        written.push(bytes);
        const queue = queues.get(bytes);
        const reply = queue && queue.length > 1 ? queue.shift() : queue?.[0];
        if (reply !== undefined) setImmediate(() => feed(reply));
      },
    },
    (line) => {
      urcs.push(line);
      return line.startsWith("+QSSLURC") || line.startsWith("+CEREG");
    },
    (code, ifOff) => {
      if (ifOff) looks++;
      // As the engine: while it switches the modem on an echo is no news.
      if ((ifOff && !isOff()) || (code === "MODEM_RESET" && isBooting)) return;
      downs.push(code);
      channel.abort(code);
    },
  );
  channel.onTrace = (direction, text) => void trace.push(direction + text);
  function feed(bytes: string): void {
    for (const chunk of cut(bytes)) channel.feed(chunk);
  }
  function send(command: Command): Promise<Outcome> {
    return new Promise((resolve) => {
      channel.send(command, (error, lines, data) => {
        resolve({ error: error?.code, cause: error?.cause, lines: [...lines], data });
      });
    });
  }
  return { channel, send, feed, written, urcs, trace, downs, looks: () => looks };
}
