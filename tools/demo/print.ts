/** Entries as people read them: aligned columns, wrapped lines, colours where the terminal has them. */
import { createColors } from "picocolors";
import type { Detail, Entry, Mark, Topic } from "./entry.ts";

export interface PrintOptions {
  readonly colour: boolean;
  /** Width of the terminal, columns. */
  readonly columns: number;
}

const TIME_WIDTH = 8;
const TOPIC_WIDTH = 8;
const LABEL_WIDTH = 13;
/** Mark, time and topic with the blanks behind them. */
const MARGIN = 2 + TIME_WIDTH + 2 + TOPIC_WIDTH + 1;
const NARROWEST = 30;
const WIDEST = 124;

/** Breaks at blanks; what has none in the width of a line is cut. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const joined = line === "" ? word : `${line} ${word}`;
    if (joined.length <= width) line = joined;
    else if (word.length <= width) {
      lines.push(line);
      line = word;
    } else {
      line = joined;
      for (; line.length > width; line = line.slice(width)) lines.push(line.slice(0, width));
    }
  }
  return [...lines, line];
}

export function createPrinter(options: PrintOptions): (entry: Entry) => string {
  const paint = createColors(options.colour);
  const width = Math.max(NARROWEST, Math.min(options.columns, WIDEST) - MARGIN);
  const topics: Partial<Record<Topic, (text: string) => string>> = {
    publish: paint.cyan,
    command: paint.magenta,
    tls: paint.blue,
    clock: paint.yellow,
    fault: paint.red,
    at: paint.dim,
  };
  const marks: Record<Mark, (text: string) => string> = {
    info: (text) => text,
    good: paint.green,
    fault: paint.red,
    trace: paint.dim,
  };

  function detail({ label, text, mark }: Detail): string[] {
    const paintText = marks[mark ?? "info"];
    if (label === undefined) return wrap(text, width).map((line) => `${" ".repeat(MARGIN)}${paintText(line)}`);
    return wrap(text, width - LABEL_WIDTH - 1).map((line, index) => {
      const head = paint.dim((index === 0 ? label : "").padEnd(LABEL_WIDTH));
      return `${" ".repeat(MARGIN)}${head} ${paintText(line)}`;
    });
  }

  return (entry) => {
    const paintTopic = topics[entry.topic] ?? paint.bold;
    const time = paint.dim((entry.atMs / 1000).toFixed(2).padStart(TIME_WIDTH));
    const sign = entry.mark === "fault" ? paint.red("!") : " ";
    const head = `${sign} ${time}  ${paintTopic(entry.topic.padEnd(TOPIC_WIDTH))} `;
    const text = wrap(entry.text, width).map(marks[entry.mark]);
    return [`${head}${text.join(`\n${" ".repeat(MARGIN)}`)}`, ...(entry.details ?? []).flatMap(detail)].join("\n");
  };
}

/** One JSON object a line. */
export function toJsonLine(entry: Entry): string {
  const { atMs, topic, mark, text, details, data } = entry;
  return JSON.stringify({
    t: Math.round(atMs) / 1000,
    topic,
    mark,
    text,
    ...(details === undefined ? {} : { details }),
    ...data,
  });
}
