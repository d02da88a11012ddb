/**
 * From the bytes of the console to what they are: text, answers to packets, frames of `call`, flow control. Pure: no clock,
 * no I/O. Whatever turns out not to be what it began as is text again, in its place, so nothing of the console is lost.
 *
 * The bytes come from a firmware that prints what it likes, texts from the network among it. So an answer and a frame count
 * only with an id that was made for this one question and never printed (jsinteractive.c has none: see answers.ts).
 */

/** What was sent and can be answered, at this moment. */
export interface Expected {
  /** A packet is under way: ACK and NAK mean something. */
  isAnswerDue(): boolean;
  /** Ids of packets that can still be answered, late ones included. */
  isAnswer(id: string): boolean;
  /** Ids of `call` of which frames are taken out, late ones included. */
  isFrame(id: string): boolean;
}

export type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "nak" }
  /** `body` starts with `{id:0`. */
  | { readonly kind: "response"; readonly id: string; readonly body: string }
  /** A response with more bytes than its header can say; they are gone. */
  | { readonly kind: "oversize"; readonly id: string; readonly length: number }
  | { readonly kind: "frame"; readonly id: string; readonly payload: string }
  | { readonly kind: "xoff" }
  | { readonly kind: "xon" };

export interface Digest {
  feed(bytes: string, expected: Expected): Piece[];
  /** Whether bytes are held back because they may become a response or a frame. */
  isPartial(): boolean;
  /** What is held back will not be completed: its first byte is text, and the rest is looked at anew. */
  release(expected: Expected): Piece[];
}

/** A capital letter first: no word of the language. Three chars: a guess by what the device prints hits 1 in 100,000. */
export const ID_LENGTH = 3;
const ID = /^[A-Z][A-Za-z0-9]{2}$/;
/** Most bytes of a frame's payload: what a packet can have. */
const MAX_FRAME = 0x1fff;

export const ACK = "\x06";
export const NAK = "\x15";
const DLE = "\x10";
const SOH = "\x01";
const XON = "\x11";
const XOFF = "\x13";
/** Record separator, before and behind a frame. */
export const FRAME_MARK = "\x1e";

/** `{id:` */
const ANSWER_START = ID_LENGTH + 2;
const LENGTH_BYTES = 2;
/** Behind DLE and SOH: the length, with at most two bytes of flow control, then what each answer begins with. */
const RESPONSE_START = /^([\0-\xff]{2,4})(\{([A-Z][A-Za-z0-9]{2}):)$/;

const isFlowControl = (byte: string): boolean => byte === XON || byte === XOFF;

export function createDigest(): Digest {
  return new ConsoleDigest();
}

type State = "text" | "ack" | "header" | "body" | "frame";

class ConsoleDigest implements Digest {
  private state: State = "text";
  /** Bytes since the state left "text", as they came, but for the ACK before a response. */
  private held = "";
  private ack = "";
  /** Of a response: what is counted by its length. */
  private body: string[] = [];
  private length = 0;
  /** The newest byte is a CR: of a pair with LF, it is not counted. */
  private isReturn = false;
  private id = "";
  private text = "";
  private pieces: Piece[] = [];

  isPartial(): boolean {
    return this.state !== "text";
  }

  feed(bytes: string, expected: Expected): Piece[] {
    this.pieces = [];
    for (const byte of bytes) this.take(byte, expected);
    this.endText();
    return this.pieces;
  }

  release(expected: Expected): Piece[] {
    this.pieces = [];
    while (this.isPartial()) this.giveBack(expected);
    this.endText();
    return this.pieces;
  }

  /** Between SOH and the beginning of the answer. */
  private isInLength(): boolean {
    return this.state === "header" && this.held.length > 1;
  }

  private take(byte: string, expected: Expected): void {
    // Flow control may stand anywhere, also within a response (jshGetCharToTransmit).
    if (isFlowControl(byte) && !this.isInLength()) this.emit({ kind: byte === XON ? "xon" : "xoff" });
    else if (this.state === "text") this.takeText(byte, expected);
    else if (this.state === "ack") this.takeAck(byte, expected);
    else if (this.state === "header") this.takeHeader(byte, expected);
    else if (this.state === "body") this.takeBody(byte, expected);
    else this.takeFrame(byte, expected);
  }

  private takeText(byte: string, expected: Expected): void {
    if (byte === FRAME_MARK) this.hold("frame", byte);
    else if (!expected.isAnswerDue()) this.text += byte;
    else if (byte === NAK) this.emit({ kind: "nak" });
    else if (byte === ACK) this.hold("ack", byte);
    else if (byte === DLE) this.hold("header", byte);
    else this.text += byte;
  }

  /** A `toJSON` of the value can print between ACK and response, so a response is taken without one too. */
  private takeAck(byte: string, expected: Expected): void {
    if (byte !== DLE) this.turnBack(byte, expected);
    else {
      this.hold("header", byte);
      this.ack = ACK;
    }
  }

  /**
   * The length may look like XON or XOFF, and one of these may stand before or within it. Which it is, is known when the
   * beginning of the answer is there, which also shows a forged header before it swallows what comes behind it.
   */
  private takeHeader(byte: string, expected: Expected): void {
    if (this.held.length === 1 && byte !== SOH) {
      this.turnBack(byte, expected);
      return;
    }
    this.held += byte;
    const raw = this.held.slice(2);
    const start = RESPONSE_START.exec(raw);
    if (start === null) {
      const flow = Math.min(2, [...raw].filter(isFlowControl).length);
      if (raw.length >= LENGTH_BYTES + flow + ANSWER_START) this.giveBack(expected);
      return;
    }
    const [, lengthBytes = "", body = "", id = ""] = start;
    const lengths = this.takeFlowControl(lengthBytes);
    const [high = 0, low = 0] = lengths;
    // The three upper bits are the type, 0 for a response; for one that is too long they are part of its length.
    this.length = (high << 8) | low;
    this.id = id;
    this.body = [...body];
    this.isReturn = false;
    if (lengths.length > LENGTH_BYTES || this.length <= ANSWER_START || !expected.isAnswer(id)) this.giveBack(expected);
    else this.state = "body";
  }

  /** The two bytes of the length, with flow control taken out of them: the last ones that can be, which is a guess. */
  private takeFlowControl(bytes: string): number[] {
    const length = [...bytes];
    for (let at = length.length - 1; at >= 0 && length.length > LENGTH_BYTES; at--) {
      const byte = length[at] ?? "";
      if (!isFlowControl(byte)) continue;
      length.splice(at, 1);
      this.emit({ kind: byte === XON ? "xon" : "xoff" });
    }
    return length.map((byte) => byte.charCodeAt(0));
  }

  private takeBody(byte: string, expected: Expected): void {
    // The interpreter writes CR before each LF of a response and does not count it (jsiConsolePrintStringVar).
    if (this.isReturn && byte === "\n") this.body.pop();
    else if (this.body.length === this.length) {
      // It ended with a CR of its own.
      this.endBody();
      this.take(byte, expected);
      return;
    }
    this.held += byte;
    this.body.push(byte);
    this.isReturn = byte === "\r";
    if (this.body.length === this.length && !this.isReturn) this.endBody();
  }

  private endBody(): void {
    const { id, length } = this;
    const piece: Piece =
      length > 0x1fff ? { kind: "oversize", id, length } : { kind: "response", id, body: this.body.join("") };
    this.reset();
    this.emit(piece);
  }

  private takeFrame(byte: string, expected: Expected): void {
    const payloadStart = FRAME_MARK.length + ID_LENGTH;
    if (byte === FRAME_MARK) {
      this.endFrame(byte, expected);
      return;
    }
    this.held += byte;
    if (this.held.length === payloadStart) {
      this.id = this.held.slice(1);
      if (!ID.test(this.id) || !expected.isFrame(this.id)) this.giveBack(expected);
    } else if (this.held.length > payloadStart + MAX_FRAME) this.giveBack(expected);
  }

  private endFrame(mark: string, expected: Expected): void {
    const payloadStart = FRAME_MARK.length + ID_LENGTH;
    if (this.held.length < payloadStart) {
      this.turnBack(mark, expected);
      return;
    }
    const piece: Piece = { kind: "frame", id: this.id, payload: this.held.slice(payloadStart) };
    this.reset();
    this.emit(piece);
  }

  private hold(state: State, byte: string): void {
    this.state = state;
    this.held = byte;
  }

  private reset(): void {
    this.state = "text";
    this.held = "";
    this.ack = "";
    this.body = [];
  }

  /** What is held did not become what it began as: it may hold the start of something that does. */
  private giveBack(expected: Expected): void {
    const { ack, held } = this;
    this.reset();
    this.text += ack + held.slice(0, 1);
    for (const byte of held.slice(1)) this.take(byte, expected);
  }

  private turnBack(byte: string, expected: Expected): void {
    this.giveBack(expected);
    this.take(byte, expected);
  }

  private emit(piece: Piece): void {
    this.endText();
    this.pieces.push(piece);
  }

  private endText(): void {
    if (this.text !== "") this.pieces.push({ kind: "text", text: this.text });
    this.text = "";
  }
}
