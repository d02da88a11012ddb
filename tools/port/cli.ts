/** What every command with `--port` shares. */
import { type Command, InvalidArgumentError } from "commander";
import { CliError } from "../cli/errors.ts";
import { openSession } from "../repl/open-session.ts";
import type { Session } from "../repl/session.ts";
import { openPort, PORT_FORMS } from "./open.ts";
import type { PortSource } from "./port.ts";

export interface PortCliOptions {
  port: string;
  chunk?: number;
  baud?: number;
}

export const PORT_HELP = `
Ports
${PORT_FORMS.replace(/^/gm, "  ")}`;

/** Adds `--port`, `--chunk` and `--baud`. */
export function withPortOptions(command: Command): Command {
  return command
    .requiredOption("-p, --port <port>", "where the board's console is, see below")
    .option("--chunk <bytes>", "Bluetooth: bytes in a write, the MTU less 3", whole(1, 512))
    .option("--baud <rate>", "serial: bits per second", whole(300, 4_000_000));
}

export function portSourceOf({ port, chunk, baud }: PortCliOptions): PortSource {
  try {
    return openPort(port, {
      ...(chunk === undefined ? {} : { chunkBytes: chunk }),
      ...(baud === undefined ? {} : { baudRate: baud }),
    });
  } catch (error) {
    throw asCliError(error);
  }
}

/** Opens the port, at every call anew, and a session over it. */
export function sessionSourceOf(options: PortCliOptions): () => Promise<Session> {
  const source = portSourceOf(options);
  return async () => {
    const port = await source.open();
    if (port === undefined) throw new CliError("PORT_ABSENT", "no port was chosen");
    return openSession(port);
  };
}

/** A session with the board, closed whatever happens, and errors as the command line says them. */
export async function withSession(options: PortCliOptions, use: (session: Session) => Promise<void>): Promise<void> {
  try {
    const session = await sessionSourceOf(options)();
    try {
      await use(session);
    } finally {
      await session.close();
    }
  } catch (error) {
    throw asCliError(error);
  }
}

/** Resolves after so many seconds (`undefined`: never) or at Ctrl-C; rejects when the link ends by itself. */
export function untilEnd(session: Session, seconds: number | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => end();
    const timer = seconds === undefined ? undefined : setTimeout(stop, seconds * 1000);
    function end(cause?: Error): void {
      clearTimeout(timer);
      forget();
      process.off("SIGINT", stop).off("SIGTERM", stop);
      if (cause === undefined) resolve();
      else reject(cause);
    }
    const forget = session.onClose((cause) => end(new CliError("PORT_LOST", cause?.message ?? "the link ended")));
    process.once("SIGINT", stop).once("SIGTERM", stop);
  });
}

/** What a library of ours says, with its code, as one sentence and an exit code; anything else as it is. */
export function asCliError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof CliError || !("code" in error)) return error;
  const { code } = error;
  if (typeof code !== "string" || !/^(PORT|REPL|TRACE|FLASH|PROVISION|SYMBOLS)_[A-Z]+$/.test(code)) return error;
  return new CliError(code, `${error.message} (${code}, docs/errors.md)`, code === "PORT_UNSUPPORTED" ? 2 : 1);
}

function whole(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < from || value > to) {
      throw new InvalidArgumentError(`a whole number from ${from} to ${to}.`);
    }
    return value;
  };
}
