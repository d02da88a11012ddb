/** The console's text: collected whether or not its panel is shown, annotated, and typed to. */
import { createSymbols } from "../../tools/symbols/create-symbols.ts";
import { formatPlace } from "../../tools/symbols/format.ts";
import { connector, errorCodes, image } from "./app.ts";
import { run } from "./flash-run.ts";
import { takesConsole } from "./state/flash-state.ts";
import { sendLines, toByteChars, toLines } from "./state/paste.ts";
import { type Problem, toProblem } from "./state/problem.ts";
import { createReplFeed, type ReplFeed } from "./state/repl-feed.ts";
import { createStore } from "./state/store.ts";
import { createTraceSieve } from "./state/trace-sieve.ts";
import { isTracing } from "./trace-run.ts";

/** A code or a place in the source that stood in the text, newest last. */
export interface Seen {
  readonly kind: "code" | "place";
  readonly text: string;
}

export const seen = createStore<readonly Seen[]>([]);
export const replProblem = createStore<Problem | undefined>(undefined);
/** Lines of a paste that are still to go. */
export const isPasting = createStore(false);

/** Lines of a running trace stand on Trace; here only on request. */
export const showsTrace = createStore(false);

const MOST_SEEN = 6;
const MOST_EARLY = 200_000;
/** Longer than a board takes between two lines of one stack trace. */
const IDLE_MS = 250;
const ECHO_MS = 500;

let early = "";
let writer: ((text: string) => void) | undefined;
let feed = newFeed();
const sieve = createTraceSieve();
let timer: ReturnType<typeof setTimeout> | undefined;
let isCancelled = false;
const echoes = new Set<() => void>();

function note(entry: Seen): void {
  seen.update((before) => [...before.filter(({ text }) => text !== entry.text), entry].slice(-MOST_SEEN));
}

function newFeed(): ReplFeed {
  const images = image.value === undefined ? [] : [image.value.image];
  return createReplFeed(createSymbols(images, errorCodes), {
    onCode: (text) => note({ kind: "code", text }),
    // A guess stands in the text with a "perhaps"; it is nothing to go by.
    onPlace: (place) => {
      if (!place.isGuess) note({ kind: "place", text: formatPlace(place) });
    },
  });
}

function write(text: string): void {
  if (text === "") return;
  if (writer !== undefined) writer(text);
  else early = (early + text).slice(-MOST_EARLY);
}

/** What came before is handed over at once. */
export function attachTerminal(next: (text: string) => void): void {
  writer = next;
  const text = early;
  early = "";
  write(text);
}

function withoutTrace(text: string): string {
  return isTracing.value && !showsTrace.value ? sieve.feed(text) : sieve.idle() + text;
}

function heard(text: string): void {
  if (takesConsole(run.value)) return;
  clearTimeout(timer);
  write(feed.feed(withoutTrace(text)));
  if (feed.isHolding || sieve.isHolding)
    timer = setTimeout(() => write(feed.feed(sieve.idle()) + feed.idle()), IDLE_MS);
  if (text.includes("\n")) for (const echo of [...echoes]) echo();
}

image.subscribe(() => {
  write(feed.idle());
  feed = newFeed();
});

run.subscribe((value) => {
  if (value.kind === "running" && value.progress === undefined) {
    write("\r\n\x1b[90m-- an upload has the console; it is back when the board starts --\x1b[39m\r\n");
  }
});

let attached: object | undefined;
/** Behind a prompt that has no end of line. */
const lead = (): string => (attached === undefined ? "" : "\r\n");
connector.state.subscribe((connection) => {
  if (connection.kind !== "connected" || connection.session === attached) return;
  const text = `${lead()}\x1b[90m-- connected to ${toByteChars(connection.name)} --\x1b[39m\r\n`;
  attached = connection.session;
  write(text);
  connection.session.onText(heard);
});

async function attempt(run: () => Promise<unknown>): Promise<void> {
  try {
    await run();
    replProblem.set(undefined);
  } catch (error) {
    replProblem.set(toProblem(error));
  }
}

function echoed(): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      echoes.delete(done);
      clearTimeout(patience);
      resolve();
    };
    const patience = setTimeout(done, ECHO_MS);
    echoes.add(done);
  });
}

/** Keys as they come, and what is pasted into the terminal. */
export function typed(text: string): void {
  const { value } = connector.state;
  if (value.kind !== "connected") return;
  if (text.length > 1 && /[\r\n]/.test(text)) void send(text);
  else void attempt(() => value.session.type(toByteChars(text)));
}

/** Whole lines. */
export async function send(text: string): Promise<void> {
  const { value } = connector.state;
  if (value.kind !== "connected") return;
  const { session } = value;
  isCancelled = false;
  await attempt(async () => {
    const lines = toLines(text);
    isPasting.set(lines.length > 1);
    await sendLines(lines, { type: (line) => session.type(line), echoed, isCancelled: () => isCancelled });
  });
  isPasting.set(false);
}

/** Ctrl-C; the rest of a paste does not follow. */
export async function interrupt(): Promise<void> {
  isCancelled = true;
  const { value } = connector.state;
  if (value.kind === "connected") await attempt(() => value.session.interrupt());
}
