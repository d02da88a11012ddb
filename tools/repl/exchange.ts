/**
 * Packets and their answers, on a line on which the board also prints what it likes and a user types. The board answers in
 * order, and each answer has the id of its question. A NAK has none, so it is the oldest one's, until an answer with that
 * one's id shows that the NAK was only printed. After a timeout nothing new is sent before a question of the session's own,
 * the marker, is answered: so a late answer, and a packet of which the board got a part, harm nobody else.
 */
import type { Port } from "../port/port.ts";
import { createDigest, type Expected, NAK, type Piece } from "./digest.ts";
import { isExceptionOver, splitException } from "./exception.ts";
import { answerValue, evalPacket, newId } from "./packet.ts";
import { ReplError } from "./session.ts";
import type { Timer, Timers } from "./timers.ts";
import { LockWatch } from "./watches.ts";
import { type Item, Writer } from "./writer.ts";

export interface ExchangeOptions {
  readonly port: Port;
  readonly timers: Timers;
  /** Most packets under way. */
  readonly pipeline: number;
  /** Bytes that may be sent behind a packet that is not yet answered: what the board can keep while it is busy. */
  readonly aheadBytes: number;
  readonly onText: (text: string) => void;
  readonly isFrame: (id: string) => boolean;
  readonly onFrame: (id: string, payload: string) => void;
  readonly onFailure: (error: unknown) => void;
}

export interface RequestOptions {
  readonly timeoutMs: number;
  /** After a timeout ask once, for so long, instead of waiting until the board must have left a half packet. */
  readonly probeMs?: number;
}

interface Request {
  readonly id: string;
  readonly options: RequestOptions;
  readonly item: Item;
  readonly isMarker: boolean;
  /** Count of bytes at its end, once the link was given them. */
  end: number | undefined;
  timer: Timer | undefined;
  /** Undefined once it is settled; then its answer is only waited for. */
  settle: { resolve(value: unknown): void; reject(error: ReplError): void } | undefined;
}

/** The board drops a packet that is not whole after 5 s (jsiPacketStart), so after this it listens again. */
const MARKER_MS = 6000;
const MARKER_BYTES = 32;
/** After a NAK and its words, where no prompt follows. Longer than the interval of a Bluetooth link in any mode. */
const QUIET_MS = 400;
/** A response of which no more comes. */
const PARTIAL_MS = 3000;
/** Erases the line that is being typed (jsiHandleConsoleChar): what of a packet was taken for text is not executed. */
const ERASE_LINE = "\x1b[2H";
/** And Enter, at which a locked console asks for its password. */
const CLEAN_LINE = `${ERASE_LINE}\n`;
const INTERRUPT = "\x03";
/** Ids of which an answer may still come although it was given up. */
const MAX_LATE = 64;

export class Exchange {
  private readonly options: ExchangeOptions;
  private readonly writer: Writer;
  private readonly digest = createDigest();
  private readonly lock = new LockWatch();
  private readonly expected: Expected;
  private waiting: Request[] = [];
  private inFlight: Request[] = [];
  private late: string[] = [];
  /** A NAK came: what is printed now may be why. */
  private refusal: { request: Request; text: string; timer: Timer } | undefined;
  /** Nothing new is sent. `timer` is undefined when the board has not answered the last marker either. */
  private doubt: { attempt: number; timer: Timer | undefined; markerMs: number } | undefined;
  private partialTimer: Timer | undefined;

  constructor(options: ExchangeOptions) {
    this.options = options;
    this.writer = new Writer({ port: options.port, timers: options.timers, onFailure: options.onFailure });
    this.expected = {
      isAnswerDue: () => this.inFlight.length > 0 || this.refusal !== undefined || this.late.length > 0,
      isAnswer: (id) => this.find(id) !== undefined || this.late.includes(id),
      isFrame: options.isFrame,
    };
  }

  /** Rejects with a ReplError. */
  request(expression: string, options: RequestOptions): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const request = this.make(expression, options, false);
      request.settle = { resolve, reject };
      this.waiting.push(request);
      if (this.doubt !== undefined && this.doubt.timer === undefined) this.enterDoubt(1, options.probeMs);
      this.pump();
    });
  }

  /** Resolves when the link has it. */
  type(text: string): Promise<void> {
    return this.writer.type(text);
  }

  /**
   * Ctrl-C. Into a packet that the board is reading it must not go; into one that waits for a busy board it must, and that
   * packet is lost.
   */
  interrupt(): Promise<void> {
    const partial = this.writer.partial();
    const request = this.inFlight.find(({ item }) => item === partial);
    if (request === undefined || partial === undefined) return this.writer.sendNow(INTERRUPT);
    if (!this.writer.isHeld()) return this.writer.type(INTERRUPT, true);
    const sent = this.writer.sendNow(INTERRUPT);
    this.writer.drop(partial);
    this.fail(request, new ReplError("REPL_REFUSED", "the packet was cut off by Ctrl-C"));
    this.enterDoubt(1);
    return sent;
  }

  receive(bytes: string): void {
    this.handle(this.digest.feed(bytes, this.expected));
    const { timers } = this.options;
    if (this.partialTimer !== undefined) timers.clearTimeout(this.partialTimer);
    this.partialTimer = this.digest.isPartial()
      ? timers.setTimeout(() => this.releasePartial(), PARTIAL_MS)
      : undefined;
  }

  /** Everything under way fails with `error`, and nothing is sent any more. */
  close(error: ReplError): void {
    this.writer.close(error);
    if (this.partialTimer !== undefined) this.options.timers.clearTimeout(this.partialTimer);
    this.releasePartial();
    this.failAll(error);
  }

  // --- outgoing

  private make(expression: string, options: RequestOptions, isMarker: boolean): Request {
    const id = newId((candidate) => this.expected.isAnswer(candidate));
    const request: Request = {
      id,
      options,
      isMarker,
      item: { bytes: evalPacket(id, expression), onHanded: (end) => this.handed(request, end) },
      end: undefined,
      timer: undefined,
      settle: undefined,
    };
    return request;
  }

  private pump(): void {
    while (this.doubt === undefined && this.inFlight.length < this.options.pipeline) {
      const request = this.waiting.shift();
      if (request === undefined) break;
      this.inFlight.push(request);
      this.writer.send(request.item);
    }
    this.lookAtOldest();
  }

  private handed(request: Request, end: number): void {
    request.end = end;
    this.lookAtOldest();
  }

  /** The oldest packet that is not answered says how far ahead may be sent, and its time runs. */
  private lookAtOldest(): void {
    const oldest = this.inFlight[0];
    const { aheadBytes, timers } = this.options;
    const extra = (this.doubt?.attempt ?? 0) * MARKER_BYTES;
    this.writer.setLimit(oldest?.end === undefined ? Number.POSITIVE_INFINITY : oldest.end + aheadBytes + extra);
    if (oldest?.end === undefined || oldest.timer !== undefined || oldest.settle === undefined) return;
    oldest.timer = timers.setTimeout(() => this.timedOut(oldest), oldest.options.timeoutMs);
  }

  private timedOut(request: Request): void {
    const { timeoutMs, probeMs } = request.options;
    this.fail(request, new ReplError("REPL_TIMEOUT", `no answer within ${timeoutMs} ms`));
    if (this.doubt !== undefined) this.lookAtOldest();
    else this.enterDoubt(probeMs === undefined ? 1 : 2, probeMs);
  }

  // --- after a timeout

  /**
   * First only a marker: a board that was merely slow loses nothing. Then whatever the board may have got of a packet is
   * given up, the line is erased, and Enter shows whether the console wants a password.
   */
  private enterDoubt(attempt: number, markerMs = MARKER_MS): void {
    const { timers } = this.options;
    if (this.doubt?.timer !== undefined) timers.clearTimeout(this.doubt.timer);
    this.doubt = { attempt, timer: timers.setTimeout(() => this.markerTimedOut(), markerMs), markerMs };
    if (attempt > 1) this.giveUpInFlight();
    const marker = this.make("0", { timeoutMs: markerMs }, true);
    this.inFlight.push(marker);
    this.writer.send(marker.item);
    this.lookAtOldest();
  }

  private giveUpInFlight(): void {
    for (const request of this.inFlight) {
      if (request.end === undefined) this.writer.drop(request.item);
      this.fail(request, new ReplError("REPL_TIMEOUT", "the board does not answer any more"));
    }
    this.remember(this.inFlight);
    this.inFlight = [];
    this.writer.send({ bytes: CLEAN_LINE });
  }

  private markerTimedOut(): void {
    if (this.doubt?.attempt === 1) {
      this.enterDoubt(2, this.doubt.markerMs);
      return;
    }
    this.giveUpInFlight();
    this.doubt = { attempt: 0, timer: undefined, markerMs: MARKER_MS };
    const waiting = this.waiting.splice(0);
    for (const request of waiting) this.fail(request, new ReplError("REPL_TIMEOUT", "the board does not answer"));
  }

  private endDoubt(): void {
    if (this.doubt?.timer !== undefined) this.options.timers.clearTimeout(this.doubt.timer);
    this.doubt = undefined;
  }

  // --- incoming

  private handle(pieces: readonly Piece[]): void {
    for (const piece of pieces) {
      if (piece.kind === "text") this.takeText(piece.text);
      else if (piece.kind === "nak") this.takeNak();
      else if (piece.kind === "frame") this.options.onFrame(piece.id, piece.payload);
      else if (piece.kind === "response") this.takeAnswer(piece.id, () => answerValue(piece.body));
      else if (piece.kind === "oversize") this.takeAnswer(piece.id, () => tooLong(piece.length));
      else this.writer.setPaused(piece.kind === "xoff");
    }
  }

  private takeText(text: string): void {
    if (this.lock.feed(text)) this.locked();
    const { refusal } = this;
    if (refusal === undefined) {
      this.options.onText(text);
      return;
    }
    refusal.text += text;
    if (isExceptionOver(refusal.text)) this.endRefusal();
    else this.restartQuiet(refusal);
  }

  private locked(): void {
    const isSent = this.inFlight.length > 0;
    this.failAll(new ReplError("REPL_LOCKED", "the console asks for a password"));
    // Packets have become the beginning of a password, which a user would go on with.
    if (isSent) this.writer.send({ bytes: CLEAN_LINE });
  }

  private takeAnswer(id: string, read: () => unknown): void {
    if (this.refusal?.request.id === id) this.takeBackRefusal();
    else this.endRefusal();
    const index = this.inFlight.findIndex((request) => request.id === id);
    const lost = this.inFlight.splice(0, index + 1);
    const request = lost.pop();
    this.late = this.late.filter((known) => known !== id);
    for (const one of lost)
      this.fail(one, new ReplError("REPL_REFUSED", "the board answered a later packet: this one was lost"));
    if (request === undefined) return;
    if (request.isMarker) this.endDoubt();
    try {
      const value = read();
      this.settle(request)?.resolve(value);
    } catch (error) {
      if (!(error instanceof ReplError)) throw error;
      this.fail(request, error);
    }
    this.pump();
  }

  private takeNak(): void {
    this.endRefusal();
    const oldest = this.inFlight[0];
    if (oldest === undefined || (oldest.end === undefined && oldest.item !== this.writer.partial())) {
      this.options.onText(NAK);
      return;
    }
    this.inFlight.shift();
    if (oldest.end === undefined) {
      // It took the board's 5 s and more: what is left of it would be taken for text, and some of it was.
      this.writer.drop(oldest.item);
      this.writer.send({ bytes: ERASE_LINE });
    }
    const { timers } = this.options;
    this.refusal = { request: oldest, text: "", timer: timers.setTimeout(() => this.endRefusal(), QUIET_MS) };
    this.pump();
  }

  private restartQuiet(refusal: { timer: Timer }): void {
    const { timers } = this.options;
    timers.clearTimeout(refusal.timer);
    refusal.timer = timers.setTimeout(() => this.endRefusal(), QUIET_MS);
  }

  private endRefusal(): void {
    const { refusal } = this;
    if (refusal === undefined) return;
    this.options.timers.clearTimeout(refusal.timer);
    this.refusal = undefined;
    const { request, text } = refusal;
    const { detail, rest } = splitException(text);
    const isHeard = request.settle !== undefined;
    if (detail === undefined) {
      this.remember([request]);
      this.fail(request, new ReplError("REPL_REFUSED", "the board refused the packet without a word"));
    } else {
      const [line = ""] = detail.split("\n", 1);
      this.fail(request, new ReplError("REPL_EXCEPTION", line, detail));
    }
    const shown = isHeard ? rest : text;
    if (shown !== "") this.options.onText(shown);
  }

  /** The answer came: the NAK was something that the firmware had printed. */
  private takeBackRefusal(): void {
    const { refusal } = this;
    if (refusal === undefined) return;
    this.options.timers.clearTimeout(refusal.timer);
    this.refusal = undefined;
    this.options.onText(NAK + refusal.text);
    this.inFlight.unshift(refusal.request);
  }

  private releasePartial(): void {
    this.partialTimer = undefined;
    this.handle(this.digest.release(this.expected));
  }

  // --- settling

  private find(id: string): Request | undefined {
    const { request } = this.refusal ?? {};
    return request?.id === id ? request : this.inFlight.find((one) => one.id === id);
  }

  private remember(requests: readonly Request[]): void {
    this.late = [...this.late, ...requests.map(({ id }) => id)].slice(-MAX_LATE);
  }

  /** At most once gives what settles it. */
  private settle(request: Request): Request["settle"] {
    const { settle, timer } = request;
    if (timer !== undefined) this.options.timers.clearTimeout(timer);
    request.settle = undefined;
    return settle;
  }

  private fail(request: Request, error: ReplError): void {
    this.settle(request)?.reject(error);
  }

  private failAll(error: ReplError): void {
    // Half of a reason is none: it may be that the packet was cut, and not that the board refused it.
    if (this.refusal !== undefined) this.fail(this.refusal.request, error);
    this.endRefusal();
    this.endDoubt();
    const all = [...this.inFlight.splice(0), ...this.waiting.splice(0)];
    for (const request of all) {
      this.writer.drop(request.item);
      this.fail(request, error);
    }
    this.remember(all);
  }
}

function tooLong(length: number): never {
  throw new ReplError(
    "REPL_LENGTH",
    `the answer has ${length} bytes, more than a packet carries: ask for less at once`,
  );
}
