import type { RuleId } from "./profile-rules.ts";

/** A part of an alternative: a matcher of one character, or one of `^ $ ( )`. */
interface Part {
  text: string;
  quantifier: "" | "*" | "+";
}

class Unfit extends Error {
  readonly rule: RuleId;

  constructor(rule: RuleId) {
    super(rule);
    this.rule = rule;
  }
}

const isMatcher = (part: Part): boolean => !/^[$^()]$/.test(part.text);

/** What the interpreter would do otherwise with a regular expression; all of it is in jswrap_regexp.c. */
export function regexRule(pattern: string, flags: string): RuleId | undefined {
  if (/[^gi]/.test(flags) || [...pattern].some((char) => char.charCodeAt(0) > 255)) return "regex";
  try {
    const alternatives = parse(pattern, flags);
    checkAlternatives(alternatives);
    for (const parts of alternatives) {
      parts.forEach((part, index) => {
        if (part.quantifier === "+" && mayMatchNothing(part, parts.slice(index + 1), flags)) {
          throw new Unfit("regex-plus");
        }
      });
      // match() tries no position behind the last character, unless the text is empty.
      const isEmpty = parts.every((part) => !isMatcher(part) || part.quantifier === "*");
      const texts = parts.map((part) => part.text);
      if (isEmpty && texts.includes("$") && !texts.includes("^")) throw new Unfit("regex-empty-end");
    }
  } catch (error) {
    if (error instanceof Unfit) return error.rule;
    throw error;
  }
  return undefined;
}

function parse(pattern: string, flags: string): Part[][] {
  let parts: Part[] = [];
  const alternatives = [parts];
  let isInGroup = false;
  let groups = 0;
  for (let at = 0; at < pattern.length; ) {
    const text = pattern[at] === "[" ? setAt(pattern, at, flags) : characterAt(pattern, at);
    at += text.length;
    const last = parts[parts.length - 1];
    if (/^[?{}]$/.test(text)) throw new Unfit("regex");
    if (text === "*" || text === "+") {
      // A quantifier belongs to one matcher, never to a group.
      if (!last || !isMatcher(last)) throw new Unfit("regex");
      last.quantifier = text;
    } else if (text === "|") {
      // What fails goes on behind the next `|`, wherever that stands.
      if (isInGroup) throw new Unfit("regex");
      parts = [];
      alternatives.push(parts);
    } else {
      // The end of a group is written to the group opened last, and there is room for nine.
      if (text === "(" && (isInGroup || ++groups > 9)) throw new Unfit("regex");
      if (text === "(" || text === ")") isInGroup = text === "(";
      // Where `^` stands later, it gives up what a quantifier before it could still try.
      if (text === "^" && parts.some((part) => part.text !== "(")) throw new Unfit("regex");
      parts.push({ text, quantifier: "" });
    }
  }
  return alternatives;
}

/** A character, or an escape as a whole. */
function characterAt(pattern: string, at: number): string {
  if (pattern[at] !== "\\") return pattern[at] as string;
  const [text = "\\"] = /^\\(?:x[0-9a-fA-F]{2}|[\s\S])/.exec(pattern.slice(at)) ?? [];
  if (/^\\[bBkpPuc1-9]$/.test(text) || /^\\0\d/.test(pattern.slice(at))) throw new Unfit("regex");
  return text;
}

/** A set is read by the function that reads what is outside of sets, so `[` and `.` keep something of their meaning. */
function setAt(pattern: string, from: number, flags: string): string {
  let at = pattern[from + 1] === "^" ? from + 2 : from + 1;
  let before = "";
  let isRange = false;
  while (at < pattern.length && pattern[at] !== "]") {
    const text = characterAt(pattern, at);
    if (text === "[" || text === "|" || text === "/") throw new Unfit("regex-set");
    at += text.length;
    if (isRange) {
      // The end of a range before another `-` is taken for the beginning of the next.
      const isChained = pattern[at] === "-" && pattern[at + 1] !== "]";
      if (isChained || !isFitRange(before, text, flags)) throw new Unfit("regex-set");
      isRange = false;
      before = "";
    } else if (text === "-" && before !== "" && pattern[at] !== "]") {
      isRange = true;
    } else {
      before = text;
    }
  }
  return pattern.slice(from, at + 1);
}

function isFitRange(from: string, to: string, flags: string): boolean {
  if ([from, to].some((end) => /^(\.|\\[dDsSwW])$/.test(end)) || from === to) return false;
  // The ends are made lower case each by itself, so that `[!-Z]` becomes `[!-z]`.
  return !flags.includes("i") || /^(\d\d|[a-z][a-z]|[A-Z][A-Z])$/.test(from + to);
}

function checkAlternatives(alternatives: Part[][]): void {
  if (alternatives.length < 2) return;
  alternatives.forEach((parts, index) => {
    const later = alternatives.slice(index + 1);
    const texts = parts.map((part) => part.text);
    // Groups are counted through all alternatives that were tried.
    const hasGroup = texts.includes("(");
    // `^` that fails does not try the other alternatives.
    const isAnchored = texts.includes("^") && later.some((other) => other[0]?.text !== "^");
    // What follows a quantifier and fails tries the other alternatives, and counts that as a match of its own.
    const isRepeated = later.length > 0 && parts.slice(0, -1).some((part) => part.quantifier !== "");
    if (hasGroup || isAnchored || isRepeated) throw new Unfit("regex-alternatives");
  });
}

/**
 * `x+` looks whether x matches, and then tries the rest without having taken a character: right only if x needs one,
 * and the rest cannot begin where x matches, or fits everywhere.
 */
function mayMatchNothing(part: Part, rest: Part[], flags: string): boolean {
  // At the end of the text the interpreter sees a NUL.
  if (matches(part, 0, flags)) return true;
  for (const next of rest) {
    if (next.text === "(" || next.text === ")") continue;
    if (!isMatcher(next)) return false;
    if (haveCommon(part, next, flags)) return !fitsEverywhere(rest);
    if (next.quantifier !== "*") return false;
  }
  return false;
}

function fitsEverywhere(rest: Part[]): boolean {
  const parts = rest.filter((part) => part.text !== "(" && part.text !== ")");
  const last = parts[parts.length - 1];
  const isToTheEnd = last?.text === "$" && parts[parts.length - 2]?.text === ".";
  return (isToTheEnd ? parts.slice(0, -1) : parts).every((part) => isMatcher(part) && part.quantifier === "*");
}

function haveCommon(one: Part, other: Part, flags: string): boolean {
  for (let code = 1; code < 256; code++) {
    if (matches(one, code, flags) && matches(other, code, flags)) return true;
  }
  return false;
}

function matches(part: Part, code: number, flags: string): boolean {
  return new RegExp(`^${part.text}$`, flags.includes("i") ? "is" : "s").test(String.fromCharCode(code));
}
