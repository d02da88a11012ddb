/**
 * Files into the modem's store, by way of the firmware: it writes them and compares the modem's checksum, here the list is
 * compared. The private key is on the chip only while it passes: never in Storage, in a global, on the console or in a message,
 * and what it leaves in freed memory is overwritten.
 */

import { quote } from "../repl/quote.ts";
import { ReplError, type Session } from "../repl/session.ts";
import { encodeBase64 } from "./base64.ts";
import * as code from "./device-code.ts";
import type { Prepared } from "./inspect.ts";
import type { ModemRules, StoredFile } from "./rules/rules.ts";

export type { StoredFile } from "./rules/rules.ts";

export type StoreRole = keyof Prepared;

/** In the modem's store; as src/config.ts has them. */
export const DEFAULT_NAMES: Readonly<Record<StoreRole, string>> = {
  ca: "ca.pem",
  cert: "client.pem",
  key: "client.key",
};

export interface ProvisionOptions {
  readonly rules: ModemRules;
  /** Others than the default ones have to stand in godwit.json as well. */
  readonly names?: Partial<Readonly<Record<StoreRole, string>>>;
  /**
   * Reboots the board when all is well. A link that was refused explains it once and repeats that until it is connected, so the
   * old cause would be shown for the new files.
   */
  readonly reboot?: boolean;
}

/** `files` counts what is to be written; `file` from 1. */
export type Progress =
  | { readonly step: "ask" | "compare" | "scrub" | "done" }
  | {
      readonly step: "write";
      readonly role: StoreRole;
      readonly name: string;
      readonly bytes: number;
      readonly file: number;
      readonly files: number;
    }
  | { readonly step: "remove"; readonly name: string };

export interface Written {
  readonly role: StoreRole;
  readonly name: string;
  readonly bytes: number;
  /** A file of that name was there before. */
  readonly isReplaced: boolean;
  /** `false`: this firmware of the modem lists nothing, so only the checksum vouches for it. */
  readonly isListed: boolean;
}

export interface ProvisionResult {
  readonly written: readonly Written[];
  /** The store afterwards. */
  readonly stored: readonly StoredFile[];
  /** Freed memory was overwritten; `false` only when no key was written, or the board did not answer: reboot it then. */
  readonly isScrubbed: boolean;
  /** The connection to the board is about to end. */
  readonly isRebooting: boolean;
}

/** Codes: docs/errors.md. Codes of the firmware (`FILE_CHECKSUM`, `AT_ERROR` ...) come through as they are. */
export class ProvisionError extends Error {
  readonly code: string;
  /** The modem's own number or word. */
  readonly reason: string | number | undefined;
  /** Overwriting the freed memory was tried and failed: a key may still be in it until the board reboots. */
  readonly isUnscrubbed: boolean;
  constructor(errorCode: string, message: string, reason?: string | number, isUnscrubbed = false) {
    super(message);
    this.name = "ProvisionError";
    this.code = errorCode;
    this.reason = reason;
    this.isUnscrubbed = isUnscrubbed;
  }
}

/** A TLS open may be under way, and has 150 s (D, Quectel TCP/IP and SSL manuals); then an upload, 25 s. */
const MODEM_TIMEOUT_MS = 200_000;
/** Of 8,191 that a packet takes: the rest is for what is around it. */
const MAX_LITERAL = 6000;
/** So many bytes have that length in Base64. RSA 4096 has 3,300. */
const MAX_KEY = (MAX_LITERAL / 4) * 3;
/** Most that any family stores; the rules of a family may allow less. */
const MAX_BYTES = 65_536;
/** A line of an AT command has room for it, and no firmware takes it for a path. */
const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/;
/** The text is there as packets, as code, as values and as copies for the checksum; a variable holds 10 chars. */
const COPIES = 10;
/** For everything else that goes on meanwhile. */
const SPARE_VARIABLES = 300;

/** What is in the store. */
export async function listStore(session: Session, rules: ModemRules): Promise<StoredFile[]> {
  await requireGodwit(session);
  return list(session, rules);
}

/** Removes one file, and looks whether it is gone. */
export async function removeFile(session: Session, name: string, rules: ModemRules): Promise<StoredFile[]> {
  checkName(name, rules);
  await requireGodwit(session);
  await modem(session, code.remove(name), `${name} was not removed`);
  const stored = await list(session, rules);
  if (stored.some((file) => file.name === name))
    throw new ProvisionError("PROVISION_VERIFY", `${name} is still in the modem's store.`);
  return stored;
}

/**
 * Writes what is there of `files`, one after the other, in the order CA, certificate, key. Rejects with a `ProvisionError`; what
 * was written until then stays, and writing all again puts it right.
 */
export async function provision(
  session: Session,
  files: Prepared,
  options: ProvisionOptions,
  onProgress: (progress: Progress) => void = () => {},
): Promise<ProvisionResult> {
  const { rules } = options;
  const wanted = plan(files, options);
  await requireGodwit(session);
  onProgress({ step: "ask" });
  const before = await list(session, rules);
  const written: Written[] = [];
  let hasKey = false;
  let failure: unknown;
  try {
    for (const [index, { role, name, bytes }] of wanted.entries()) {
      onProgress({ step: "write", role, name, bytes: bytes.length, file: index + 1, files: wanted.length });
      hasKey ||= role === "key";
      await writeOne(session, role, name, bytes);
      written.push({
        role,
        name,
        bytes: bytes.length,
        isReplaced: before.some((file) => file.name === name),
        isListed: false,
      });
    }
  } catch (error) {
    failure = error;
  }
  if (hasKey) onProgress({ step: "scrub" });
  const isScrubbed = hasKey && (await scrub(session));
  if (failure !== undefined) throw withScrub(failure, hasKey && !isScrubbed);
  onProgress({ step: "compare" });
  const stored = await list(session, rules);
  const compared = compare(written, stored);
  const isRebooting = options.reboot === true;
  if (isRebooting) await session.evaluate(code.REBOOT);
  onProgress({ step: "done" });
  return { written: compared, stored, isScrubbed, isRebooting };
}

function plan(files: Prepared, options: ProvisionOptions): { role: StoreRole; name: string; bytes: string }[] {
  const { rules, names } = options;
  const wanted = (["ca", "cert", "key"] as const).flatMap((role) => {
    const bytes = files[role];
    return bytes === undefined ? [] : [{ role, name: names?.[role] ?? DEFAULT_NAMES[role], bytes }];
  });
  if (wanted.length === 0) throw new ProvisionError("PROVISION_NOTHING", "There is nothing to write.");
  for (const { role, name, bytes } of wanted) {
    checkName(name, rules);
    const most = Math.min(rules.maxFileBytes.value, role === "key" ? MAX_KEY : MAX_BYTES);
    if (bytes.length === 0 || bytes.length > most)
      throw new ProvisionError("PROVISION_SIZE", `${name} has ${bytes.length} bytes; 1 to ${most} can be written.`);
  }
  if (new Set(wanted.map(({ name }) => name)).size < wanted.length)
    throw new ProvisionError("PROVISION_NAME", "Two files would have the same name in the modem's store.");
  return wanted;
}

function checkName(name: string, rules: ModemRules): void {
  if (!NAME.test(name) || name.length > rules.maxNameLength.value)
    throw new ProvisionError(
      "PROVISION_NAME",
      `A file name in the modem's store has 1 to ${rules.maxNameLength.value} letters, digits, dots, hyphens and underscores, and does not begin with a dot.`,
    );
}

async function requireGodwit(session: Session): Promise<void> {
  // Where a link was lost in the middle of a packet the board still waits for its rest: this gets over it.
  await session.identify();
  if ((await session.evaluate(code.HAS_STORE)) !== true)
    throw new ProvisionError(
      "PROVISION_NO_GODWIT",
      "There is no firmware of Godwit on the board, or it has not started.",
    );
}

async function writeOne(session: Session, role: StoreRole, name: string, bytes: string): Promise<void> {
  const needed = Math.ceil((bytes.length * COPIES) / 10) + SPARE_VARIABLES;
  const free = Number(await session.evaluate(code.FREE));
  if (!(free >= needed))
    throw new ProvisionError(
      "PROVISION_MEMORY",
      `The board has ${free} free variables, and ${name} needs ${needed}.`,
      free,
    );
  const refused = `${name} was not stored`;
  try {
    if (role === "key") {
      const [one, other] = halves(bytes);
      await session.evaluate(code.holdHalf(one));
      await modem(session, code.putJoined(name, other), refused);
    } else if (quote(bytes).length <= MAX_LITERAL) await modem(session, code.put(name, bytes), refused);
    else {
      for (const [index, part] of parts(bytes).entries()) await session.evaluate(code.hold(part, index === 0));
      await modem(session, code.putHeld(name), refused);
    }
  } catch (error) {
    await session.evaluate(code.FORGET).catch(() => undefined);
    throw error;
  }
}

/** A char takes four in a literal at most. */
function parts(bytes: string): string[] {
  const length = MAX_LITERAL / 4;
  return Array.from({ length: Math.ceil(bytes.length / length) }, (_, index) =>
    bytes.slice(index * length, (index + 1) * length),
  );
}

/** Base64 of random bytes, and of the secret XOR these: each of them alone says nothing. */
function halves(secret: string): [one: string, other: string] {
  const one = globalThis.crypto.getRandomValues(new Uint8Array(secret.length));
  const other = one.map((byte, index) => byte ^ secret.charCodeAt(index));
  return [encodeBase64(one, ""), encodeBase64(other, "")];
}

/** Runs what the modem answers. Of an exception only its kind is kept: its words repeat the code, which has the file in it. */
async function modem(session: Session, expression: string, what: string): Promise<void> {
  let answer: unknown[];
  try {
    answer = await session.call(expression, { timeoutMs: MODEM_TIMEOUT_MS });
  } catch (error) {
    if (!(error instanceof ReplError)) throw error;
    throw new ProvisionError(error.code, `${what}: ${SAYS[error.code] ?? "the board did not do it"}.`);
  }
  const failure = failureOf(answer[0]);
  if (failure !== undefined)
    throw new ProvisionError(failure.code, `${what}: ${failure.code}${said(failure.cause)}.`, failure.cause);
}

const SAYS: Readonly<Partial<Record<ReplError["code"], string>>> = {
  REPL_CLOSED: "the connection to the board was lost",
  REPL_TIMEOUT: "the board or its modem did not answer in time",
  REPL_EXCEPTION: "the firmware threw an exception",
  REPL_REFUSED: "the board refused the packet",
};

const said = (cause: string | number | undefined): string => (cause === undefined || cause === "" ? "" : ` ${cause}`);

/** The board is not trusted to say it in the right form. */
function failureOf(value: unknown): { code: string; cause: string | number | undefined } | undefined {
  if (value === undefined || value === null) return undefined;
  const { code: found, cause } = Object(value) as { code?: unknown; cause?: unknown };
  const isCode = typeof found === "string" && /^[A-Z][A-Z0-9_]{2,40}$/.test(found);
  const isCause = typeof cause === "number" || (typeof cause === "string" && /^[ -~]{0,60}$/.test(cause));
  return { code: isCode ? found : "PROVISION_BOARD", cause: isCause ? cause : undefined };
}

async function list(session: Session, rules: ModemRules): Promise<StoredFile[]> {
  const [error, lines] = await session.call(code.LIST, { timeoutMs: MODEM_TIMEOUT_MS });
  const failure = failureOf(error);
  if (failure !== undefined)
    throw new ProvisionError(
      failure.code,
      `The modem's store could not be listed: ${failure.code}${said(failure.cause)}.`,
      failure.cause,
    );
  if (!Array.isArray(lines)) return [];
  return lines
    .slice(0, 1000)
    .flatMap((line: unknown) => (typeof line === "string" ? (rules.readListed(line) ?? []) : []));
}

function compare(written: readonly Written[], stored: readonly StoredFile[]): Written[] {
  return written.map((file) => {
    const found = stored.find(({ name }) => name === file.name);
    // Some firmware lists nothing whatever is asked (H, EC25): an empty list proves nothing.
    if (stored.length > 0 && found?.bytes !== file.bytes)
      throw new ProvisionError(
        "PROVISION_VERIFY",
        found
          ? `${file.name} has ${found.bytes} bytes in the modem's store, and ${file.bytes} were written.`
          : `${file.name} is not in the modem's store, although the modem confirmed it.`,
      );
    return { ...file, isListed: found !== undefined };
  });
}

/** Overwrites freed memory of the interpreter; whether the board said that it did. */
export async function scrub(session: Session): Promise<boolean> {
  try {
    const answer = await session.evaluate(code.SCRUB, { timeoutMs: 60_000 });
    return Number.parseInt(String(answer), 10) > 0;
  } catch {
    return false;
  }
}

function withScrub(error: unknown, isUnscrubbed: boolean): unknown {
  if (!isUnscrubbed || !(error instanceof ProvisionError)) return error;
  return new ProvisionError(
    error.code,
    `${error.message} Reboot the board: the key may still be in its memory.`,
    error.reason,
    true,
  );
}
