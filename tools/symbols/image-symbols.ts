import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";
import type { FrameLine } from "./frame-line.ts";
import { createOffsets } from "./offsets.ts";
import type { Piece } from "./piece.ts";
import { plainPositions } from "./positions.ts";
import { createProgram, innermost } from "./program.ts";
import type { SourcePlace, SymbolImage } from "./symbols.ts";

/** A place that fits what was printed. */
export interface Fit {
  readonly place: Omit<SourcePlace, "isGuess">;
  /** The function goes by the name that the frame has. */
  readonly isNamed: boolean;
  /** The source below the frame is that of the place, or as good as that. */
  readonly isProved: boolean;
}

/** All places of one image that a frame can mean; `piece` is what was printed below it, if it was. */
export type Lookup = (frame: FrameLine, piece: Piece | undefined) => Fit[];

/** Throws what the parsers of script and map throw when the file holds something else. */
export function createLookup(image: SymbolImage): Lookup {
  const program = createProgram(image.symbols.script, image.code);
  if (program === undefined) return () => [];
  const { bodies } = program;
  const positions = plainPositions(program.script);
  const map = new TraceMap(image.symbols.map);
  const sourceNames = new Map(Object.entries(image.symbols.names).map(([source, mangled]) => [mangled, source]));
  const offsets = createOffsets(program);

  const original = (scriptOffset: number) => {
    const { line, column } = positions.of(scriptOffset);
    return originalPositionFor(map, { line, column: column - 1 });
  };
  return (frame, piece) => {
    const fits: Fit[] = [];
    for (const { offset, isProved } of offsets(frame, piece)) {
      const { source, line, column } = original(program.anchor(offset));
      const name = innermost(bodies, offset)?.name;
      if (source === null) continue;
      const sourceName = name && (original(name.offset).name ?? sourceNames.get(name.text) ?? name.text);
      const place = { file: source, line, column: column + 1, name: sourceName };
      fits.push({ place, isNamed: name !== undefined && name.text === frame.name, isProved });
    }
    return fits;
  };
}
