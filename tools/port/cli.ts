/** What every command with `--port` shares. */
import { type Command, InvalidArgumentError } from "commander";
import { CliError } from "../cli/errors.ts";
import { openPort, PORT_FORMS } from "./open.ts";
import { type Port, PortError, type PortSource } from "./port.ts";

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
    .requiredOption("--port <port>", "where the board's console is, see below")
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

export async function openPortOf(options: PortCliOptions): Promise<Port> {
  try {
    const port = await portSourceOf(options).open();
    if (port === undefined) throw new CliError("PORT_ABSENT", "no port was chosen");
    return port;
  } catch (error) {
    throw asCliError(error);
  }
}

/** One sentence and an exit code for what happened to a port; anything else as it is. */
export function asCliError(error: unknown): unknown {
  if (!(error instanceof PortError)) return error;
  return new CliError(error.code, error.message, error.code === "PORT_UNSUPPORTED" ? 2 : 1);
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
