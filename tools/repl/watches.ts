/** Looks for two things in the console's text: who the board is, and that it wants a password. Pure. */
import type { BoardIdentity } from "./session.ts";

/** What Ctrl-E is answered with, on an empty line (jsiHandleConsoleChar): `Espruino 2v29 RAK5010`. */
const IDENTITY = /Espruino (\S{1,16}) (\S{1,32})\r?\n/;
const IDENTITY_START = "Espruino ";
const IDENTITY_MAX = IDENTITY_START.length + 16 + 1 + 32 + 2;

export class IdentityWatch {
  private held = "";

  /** `text` is what is not part of the answer. */
  feed(text: string): { text: string; identity: BoardIdentity | undefined } {
    const all = this.held + text;
    const found = IDENTITY.exec(all);
    const [whole, version, board] = found ?? [];
    if (found !== null && whole !== undefined && version !== undefined && board !== undefined) {
      this.held = "";
      const rest = all.slice(0, found.index) + all.slice(found.index + whole.length);
      return { text: rest, identity: { version, board } };
    }
    const start = possibleStart(all);
    this.held = all.slice(start);
    return { text: all.slice(0, start), identity: undefined };
  }

  /** It will not come. */
  release(): string {
    const { held } = this;
    this.held = "";
    return held;
  }
}

/** Index from which `text` may become the answer, when more of it comes. */
function possibleStart(text: string): number {
  const last = text.lastIndexOf(IDENTITY_START);
  if (last >= 0 && text.length - last < IDENTITY_MAX && !text.slice(last).includes("\n")) return last;
  for (let length = Math.min(IDENTITY_START.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(IDENTITY_START.slice(0, length))) return text.length - length;
  }
  return text.length;
}

/** The prompt of a console that `E.lockConsole()` has locked. */
const LOCKED = /(?:^|[\r\n])password>$/;
const TAIL = 16;

export class LockWatch {
  private tail = "\n";

  /** Whether the console asks for the password, as of now. */
  feed(text: string): boolean {
    this.tail = (this.tail + text).slice(-TAIL);
    return LOCKED.test(this.tail);
  }
}
