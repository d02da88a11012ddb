import { isRegExp, isStringObject } from "node:util/types";
import { BoardError, type Native, type Realm, type RealmFunction } from "./realm.ts";

/** A replaceAll that has made more turns than this beyond the length of its text will never come to an end. */
const TURNS_LIMIT = 1000;

/** What V8's strings do otherwise than Espruino's. */
export function patchStrings(realm: Realm): void {
  const type = realm.global.String as object;
  const prototype = realm.prototypeOf("String");
  const { split, match } = prototype as Record<string, RealmFunction>;
  const replacing =
    (original: RealmFunction, replace: (text: string, needle: string, by: string) => string): Native =>
    ([pattern, replacement], self) =>
      // Only a regular expression takes a function; with a string the replacement is text.
      isRegExp(pattern)
        ? realm.call(original, self, [pattern, replacement])
        : replace(String(self), String(pattern), String(replacement));
  const natives: Record<string, Native> = {
    // There is no limit argument.
    split: ([separator], self) => realm.call(split as RealmFunction, self, separator === undefined ? [] : [separator]),
    removeAccents: (_, self) => self,
    indexOf: ([needle, from], self) => searchNative(self, needle, from),
    includes: ([needle, from], self) => searchNative(self, needle, from) >= 0,
    match([pattern], self) {
      if (!isText(self) || pattern === undefined) return undefined;
      if (isRegExp(pattern)) return realm.call(match as RealmFunction, self, [pattern]);
      const needle = String(pattern);
      const index = search(String(self), needle);
      // The interpreter gives the needle as the input (jswrap_string_match).
      return index < 0 ? null : Object.assign(realm.array([needle]), { index, input: needle });
    },
    replace: replacing(prototype.replace as RealmFunction, replaceFirst),
    replaceAll: replacing(prototype.replaceAll as RealmFunction, replaceEach),
  };
  realm.defineNatives(prototype, natives);
  // Strings are bytes.
  realm.defineNatives(type, {
    fromCharCode: (codes) => String.fromCharCode(...codes.map((code) => Number(code) & 255)),
  });
}

function isText(value: unknown): boolean {
  return typeof value === "string" || isStringObject(value);
}

function searchNative(self: unknown, needle: unknown, from: unknown): number {
  // Borrowed by something that is no string, indexOf gives 0.
  return isText(self) ? search(String(self), String(needle), from) : 0;
}

/**
 * jswrap_string_indexOf: it goes on to the last character of the text, and takes two strings for equal when either of
 * them ends. So a needle of which the text's end is the beginning is found there, unless it is longer than the text;
 * and an empty needle is not found behind the last character, nor in an empty text.
 */
function search(text: string, needle: string, from?: unknown): number {
  if (needle.length > text.length) return -1;
  const end = text.length - needle.length + 1;
  const isNumeric = typeof from === "number" || typeof from === "boolean";
  const start = isNumeric ? Math.min(Math.max(Number(from) | 0, 0), end) : 0;
  const found = text.indexOf(needle, start);
  if (found >= 0 && found < text.length) return found;
  for (let at = Math.max(start, end); at < text.length; at++) if (needle.startsWith(text.slice(at))) return at;
  return -1;
}

function replaceFirst(text: string, needle: string, by: string): string {
  const at = search(text, needle);
  return at < 0 ? text : text.slice(0, at) + by + text.slice(at + needle.length);
}

/** It goes on behind what was put in, but not nearer to the end than the needle is long: that may never end. */
function replaceEach(text: string, needle: string, by: string): string {
  let result = text;
  let turns = text.length + TURNS_LIMIT;
  for (let at = search(text, needle); at >= 0; at = search(result, needle, at + by.length)) {
    if (turns-- === 0) throw new BoardError("virtual board: on the interpreter this replaceAll does not end");
    result = result.slice(0, at) + by + result.slice(at + needle.length);
  }
  return result;
}
