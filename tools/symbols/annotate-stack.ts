import { createSymbols } from "./create-symbols.ts";
import type { Annotation, SymbolImage } from "./symbols.ts";

/** More is cut off: a stack that a board keeps is a few kilobytes. */
const LONGEST = 100_000;

/**
 * Annotates a whole text at once: `error.stack`, or what the firmware keeps of its newest caught exception
 * (`godwit.status().crashes.last`: the message, a new line, the stack).
 */
export function annotateStack(
  stack: string,
  images: readonly SymbolImage[],
  codes: ReadonlySet<string> = new Set(),
): Annotation[] {
  const symbols = createSymbols(images, codes);
  return [...symbols.feed(stack.slice(0, LONGEST)), ...symbols.flush()];
}
