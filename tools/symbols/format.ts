import type { Annotation, SourcePlace } from "./symbols.ts";

/** How a terminal shows what was found; each function is given plain text. */
export interface AnnotationStyle {
  /** A line of a stack trace. */
  frame(text: string): string;
  /** Where it is in the source. */
  place(text: string): string;
  /** A code of docs/errors.md. */
  code(text: string): string;
}

export const plainStyle: AnnotationStyle = { frame: same, place: same, code: same };

function same(text: string): string {
  return text;
}

/** `modules/link/link.ts:123 (publish)`. The name is left out when there is none; a guess says so. */
export function formatPlace({ file, line, name, isGuess }: SourcePlace): string {
  return `${isGuess ? "perhaps " : ""}${file}:${line}${name === undefined ? "" : ` (${name})`}`;
}

/** The text as it came, with ` <- modules/link/link.ts:123 (publish)` behind each frame whose source is known. */
export function formatAnnotated(annotations: readonly Annotation[], style: AnnotationStyle = plainStyle): string {
  return annotations
    .map((annotation) => {
      if (annotation.kind === "text") return annotation.text;
      if (annotation.kind === "code") return style.code(annotation.text);
      const { source } = annotation.frame;
      return style.frame(annotation.text) + (source ? style.place(` <- ${formatPlace(source)}`) : "");
    })
    .join("");
}
