/**
 * JSON from outside. The interpreter's parser recurses without looking at its stack (jswrap_json.c), takes more than
 * JSON, and its objects answer for names they do not have: `o["toString"]` is a function.
 */

/** @public */
export interface JsonObject {
  [name: string]: unknown;
}

/** What may stand outside of texts. A single quote, a comment or a template would hide brackets from the count. */
const OUTSIDE = /[^ \t\r\n\[\]{}:,0-9A-Za-z+.\-]/;
const CONTROL = /[^ -\xff]/;

/** Whether the last quotation mark is escaped: an odd number of backslashes stands in front of it. */
const isEscaped = (part: string): boolean => {
  let at = part.length;
  while (at > 0 && part[at - 1] === "\\") at--;
  return (part.length - at) % 2 > 0;
};

/** Whether `text` keeps to the characters of JSON and nests no deeper than `most`. */
const isShallow = (text: string, most: number): boolean => {
  let isText = false;
  let depth = 0;
  for (const part of text.split('"')) {
    if (isText) {
      if (CONTROL.test(part)) return false;
      isText = isEscaped(part);
    } else {
      if (OUTSIDE.test(part)) return false;
      for (const char of part) {
        if (char === "{" || char === "[") depth++;
        else if (char === "}" || char === "]") depth--;
        if (depth > most) return false;
      }
      isText = true;
    }
  }
  // The part behind the last quotation mark was taken as one outside of texts.
  return isText && depth === 0;
};

/** The object that `text` is, or undefined: anything else, or too deep. How long it may be is the client's `maxPacket`. */
export const parseObject = (text: string, maxDepth: number): JsonObject | undefined => {
  if (!isShallow(text, maxDepth)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (_) {
    return undefined;
  }
  return asObject(value);
};

export const asObject = (value: unknown): JsonObject | undefined =>
  value && typeof value == "object" && !Array.isArray(value) ? (value as JsonObject) : undefined;

/** What the object itself has under this name. */
export const own = (object: JsonObject | undefined, name: string): unknown =>
  object && Object.keys(object).includes(name) ? object[name] : undefined;

/** As `own`, of objects only. */
export const ownObject = (object: JsonObject | undefined, name: string): JsonObject | undefined =>
  asObject(own(object, name));
