/** What is known of an AT command, so that a trace can say it in words. */
import type { Severity } from "../event.ts";

/** A parameter or a result value. */
export interface Field {
  readonly name: string;
  /** Meaning of a value, quotes removed. */
  readonly values?: Readonly<Record<string, string>>;
  readonly unit?: string;
  /** Never shown. */
  readonly isSecret?: boolean;
}

export interface Explained {
  readonly says: string;
  readonly severity?: Severity;
  /** A code of docs/errors.md. */
  readonly code?: string;
}

export interface CommandRecord {
  /** In capitals with its `+`, e.g. `+CSQ`; of a basic command its letters, e.g. `E`. */
  readonly name: string;
  /** What it does, or what is asked for. */
  readonly says: string;
  /** Where this was read, with its grade: H seen on hardware, D vendor text or a driver in use, R recalled. */
  readonly source: string;
  /** In the order of `=`. */
  readonly parameters?: readonly Field[];
  /** In the order behind `:`. */
  readonly results?: readonly Field[];
  /** Where the fields are not enough; `args` without quotes. `undefined`: the fields after all. */
  explainSet?(args: readonly string[]): Explained | undefined;
  /** `isUrc`: no command had asked. */
  explainResult?(args: readonly string[], isUrc: boolean): Explained | undefined;
  /** Its line comes also when no command asked for it. */
  readonly isNews?: boolean;
  /** The result comes some time behind OK. */
  readonly isDeferred?: boolean;
  /** The final result code of success where it is not OK. */
  readonly success?: string;
  /** The socket that a set command is about: kind, and which parameter is its identifier. */
  readonly socket?: { readonly kind: string; readonly at: number; readonly is?: "open" | "close" };
}

/** A line without a command: `RDY`, `POWERED DOWN`. */
export type PlainLines = Readonly<Record<string, Explained>>;

export interface Family {
  readonly name: string;
  readonly commands: readonly CommandRecord[];
  readonly lines: PlainLines;
}

/** A value of a table; what came from outside finds nothing that every object has, e.g. `constructor`. */
export function lookup<T>(table: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return table !== undefined && Object.hasOwn(table, key) ? table[key] : undefined;
}

/** `stat: 5 (registered, roaming)`; secrets never. */
export function fieldText(field: Field | undefined, value: string): string {
  if (field === undefined) return value;
  if (field.isSecret === true) return value === "" ? "" : `${field.name} ***`;
  if (value === "") return "";
  const meaning = lookup(field.values, value);
  const unit = field.unit === undefined ? "" : ` ${field.unit}`;
  return `${field.name} ${value}${unit}${meaning === undefined ? "" : ` (${meaning})`}`;
}

export function fieldsText(fields: readonly Field[] | undefined, args: readonly string[]): string {
  return args
    .map((value, index) => fieldText(fields?.[index], value))
    .filter((text) => text !== "")
    .join(", ");
}
