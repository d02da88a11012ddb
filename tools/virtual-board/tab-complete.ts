import type { Realm } from "./realm.ts";

export interface Completion {
  /** What has been typed of the name. */
  readonly typed: string;
  /** Names that begin so, and are longer. */
  readonly names: readonly string[];
}

const NAME = "[A-Za-z_$][\\w$]*";
const PATH = new RegExp(`^\\s*((?:${NAME}\\s*\\.\\s*)*)(${NAME})?$`);
const KEYWORD =
  /^(break|case|catch|class|const|continue|default|delete|do|else|extends|false|finally|for|function|if|in|instanceof|let|new|null|of|return|static|super|switch|this|throw|true|try|typeof|undefined|var|void|while|debugger)$/;

/**
 * Names that the Tab key offers for a line up to its cursor. Only a path of names from the line's beginning has any, as on
 * the chip (jsinteractive.c, jsiTabComplete).
 */
export function completionsOf(realm: Realm, line: string): Completion | undefined {
  const found = PATH.exec(line);
  if (found === null) return undefined;
  const [, path = "", typed = ""] = found;
  const steps = path.split(".").map((step) => step.trim());
  steps.pop();
  if ([...steps, typed].some((name) => KEYWORD.test(name))) return undefined;
  let object: unknown = realm.global;
  for (const step of steps) object = fieldOf(object, step);
  return { typed, names: namesOf(object).filter((name) => name.length > typed.length && name.startsWith(typed)) };
}

/** Without running a getter, which could do anything. */
function fieldOf(object: unknown, name: string): unknown {
  for (let owner = object; isContainer(owner); owner = Object.getPrototypeOf(owner)) {
    const descriptor = Object.getOwnPropertyDescriptor(owner, name);
    if (descriptor !== undefined) return descriptor.value;
  }
  return undefined;
}

const isContainer = (value: unknown): value is object =>
  (typeof value === "object" && value !== null) || typeof value === "function";

/** First what the code has made, in its order, then what is built in, as the interpreter's table has it: sorted. */
function namesOf(object: unknown): string[] {
  const own = isContainer(object) ? Object.keys(object) : [];
  const builtIn: string[] = [];
  for (let owner = object; isContainer(owner); owner = Object.getPrototypeOf(owner)) {
    builtIn.push(...Object.getOwnPropertyNames(owner).filter((name) => !/^(constructor|__proto__)$/.test(name)));
  }
  // Elements of arrays and buffers are not offered.
  return [...new Set([...own, ...builtIn.sort()])].filter((name) => !/^\d/.test(name));
}

/** The longest beginning that all have. */
export function commonPrefix(names: readonly string[]): string {
  const [first = "", ...others] = names;
  let length = first.length;
  for (const other of others) {
    while (!other.startsWith(first.slice(0, length))) length--;
  }
  return first.slice(0, length);
}

/** Names in two columns, the second from char 20 on. */
export function columns(names: readonly string[]): string {
  const rows: string[] = [];
  for (let i = 0; i < names.length; i += 2) {
    const [left = "", right] = names.slice(i, i + 2);
    // A name that is too long for its column still has one blank behind it.
    rows.push(right === undefined ? left : left + " ".repeat(Math.max(1, 20 - left.length)) + right);
  }
  return rows.map((row) => `${row}\r\n`).join("");
}
