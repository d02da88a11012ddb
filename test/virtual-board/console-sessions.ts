/** Sessions at the console, for the virtual board and for the real interpreter, which have to answer the same. */
import { readFileSync } from "node:fs";
import { lineSessions } from "./console-lines.ts";
import { type ConsoleSession, packetSessions } from "./console-packets.ts";

export type { Step } from "./console-packets.ts";

/** What the real interpreter answered, normalised: first what it said by itself, then to each step. */
export type Answers = Readonly<Record<string, readonly string[]>>;

export const ANSWERS = new URL("fixtures/console.json", import.meta.url);
export const readAnswers = (): Answers => JSON.parse(readFileSync(ANSWERS, "utf8")) as Answers;

/**
 * What cannot be the same: the board's name, the escape that only a chip sends before its banner, and of errors that the
 * language itself throws their words; traces have V8's form, with other columns and without the source's line.
 */
export function normalise(text: string): string {
  return text
    .replaceAll(/(Espruino 2v29) \w+/g, "$1 BOARD")
    .replaceAll("\x1b[?7l", "")
    .replaceAll(/(Uncaught (?:Reference|Syntax|Type)Error): [^\r]*/g, "$1")
    .replaceAll(/(Uncaught [^\r]*\r\n)((?: {4}at [^\r]*\r\n)(?:(?! {4}at )[^\r>]*\r\n *\^\r\n)?)*/g, "$1");
}

export const sessions: readonly ConsoleSession[] = [...lineSessions, ...packetSessions];
