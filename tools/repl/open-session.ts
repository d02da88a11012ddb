/** A session over a port: see session.ts for what it does. */
import type { Port } from "../port/port.ts";
import { FRAME_MARK } from "./digest.ts";
import { Exchange } from "./exchange.ts";
import { newId } from "./packet.ts";
import { isBytes } from "./quote.ts";
import { createRedrawSieve } from "./redraw-sieve.ts";
import { type BoardIdentity, type EvaluateOptions, ReplError, type Session } from "./session.ts";
import { systemTimers, type Timer, type Timers } from "./timers.ts";
import { parseToJs } from "./to-js.ts";
import { IdentityWatch } from "./watches.ts";

export interface SessionOptions {
  /** Default: the computer's. */
  readonly timers?: Timers;
  /** Most packets under way, default 3: one that is executed, one in the board's queue, one on the link. */
  readonly pipeline?: number;
  /**
   * Bytes that may be sent behind a packet that is not answered yet, default 512: what the board's queue of 1,024 keeps while
   * it is busy, with room for other inputs, also on a UART that knows no XOFF.
   */
  readonly aheadBytes?: number;
}

const DEFAULT_TIMEOUT_MS = 10_000;
/** The board answers Ctrl-E at once; a Bluetooth link at rest takes a few intervals for it. */
const IDENTITY_MS = 1000;
const PROBE_MS = 2000;
const MAX_LATE = 64;
/** Longer than a board takes between two chunks of one line. */
const REDRAW_MS = 250;

const ASK = "\x05";

/** Takes the port over: its `onData` and `onClose`. */
export function openSession(port: Port, options: SessionOptions = {}): Session {
  return new ConsoleSession(port, options);
}

interface Call {
  resolve(values: unknown[]): void;
  reject(error: ReplError): void;
}

interface IdentityQuestion {
  readonly watch: IdentityWatch;
  readonly found: (identity: BoardIdentity) => void;
  readonly lost: (error: ReplError) => void;
}

class ConsoleSession implements Session {
  readonly port: Port;
  private readonly timers: Timers;
  private readonly exchange: Exchange;
  private readonly textListeners = new Set<(text: string) => void>();
  private readonly closeListeners = new Set<(cause: Error | undefined) => void>();
  private readonly calls = new Map<string, Call>();
  /** Ids of calls that have ended: what their callback still says is not console text either. */
  private lateCalls: string[] = [];
  private identityQuestion: IdentityQuestion | undefined;
  private readonly redraws = createRedrawSieve();
  private redrawTimer: Timer | undefined;
  private closed: ReplError | undefined;

  constructor(port: Port, options: SessionOptions) {
    this.port = port;
    this.timers = options.timers ?? systemTimers();
    this.exchange = new Exchange({
      port,
      timers: this.timers,
      pipeline: options.pipeline ?? 3,
      aheadBytes: options.aheadBytes ?? 512,
      onText: (text) => this.takeText(text),
      isFrame: (id) => this.calls.has(id) || this.lateCalls.includes(id),
      onFrame: (id, payload) => this.takeFrame(id, payload),
      onFailure: (error) => this.end(error instanceof Error ? error : new Error(String(error))),
    });
    port.onClose = (cause) => this.end(cause);
    port.onData = (bytes) => this.exchange.receive(bytes);
  }

  async identify(): Promise<BoardIdentity> {
    const identity = (await this.askIdentity()) ?? (await this.evaluateIdentity()) ?? (await this.evaluateIdentity());
    if (identity !== undefined) return identity;
    throw this.closed ?? new ReplError("REPL_SILENT", "nothing that looks like the interpreter answers");
  }

  evaluate(expression: string, options: EvaluateOptions = {}): Promise<unknown> {
    if (this.closed !== undefined) return Promise.reject(this.closed);
    return this.exchange.request(expression, { timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS });
  }

  async call(code: string, options: EvaluateOptions = {}): Promise<unknown[]> {
    if (this.closed !== undefined) throw this.closed;
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const id = newId((candidate) => this.calls.has(candidate) || this.lateCalls.includes(candidate));
    const values = new Promise<unknown[]>((resolve, reject) => this.calls.set(id, { resolve, reject }));
    // An error of the evaluation comes first; that nobody waits for the values then is no fault.
    values.catch(() => undefined);
    let timer: Timer | undefined;
    try {
      await this.exchange.request(callExpression(id, code), { timeoutMs });
      timer = this.timers.setTimeout(() => {
        const late = new ReplError("REPL_TIMEOUT", `the callback was not called within ${timeoutMs} ms`);
        this.calls.get(id)?.reject(late);
      }, timeoutMs);
      return await values;
    } finally {
      if (timer !== undefined) this.timers.clearTimeout(timer);
      this.calls.delete(id);
      this.lateCalls = [...this.lateCalls, id].slice(-MAX_LATE);
    }
  }

  type(text: string): Promise<void> {
    if (!isBytes(text)) return Promise.reject(new ReplError("REPL_TEXT", "the text has a character above 255 in it"));
    return this.closed === undefined ? this.exchange.type(text) : Promise.reject(this.closed);
  }

  interrupt(): Promise<void> {
    return this.closed === undefined ? this.exchange.interrupt() : Promise.reject(this.closed);
  }

  onText(listener: (text: string) => void): () => void {
    this.textListeners.add(listener);
    return () => {
      this.textListeners.delete(listener);
    };
  }

  onClose(listener: (cause: Error | undefined) => void): () => void {
    this.closeListeners.add(listener);
    return () => {
      this.closeListeners.delete(listener);
    };
  }

  async close(): Promise<void> {
    this.end(undefined);
    await this.port.close();
  }

  /** By Ctrl-E, which is only answered while nothing is typed. */
  private askIdentity(): Promise<BoardIdentity | undefined> {
    if (this.closed !== undefined) return Promise.reject(this.closed);
    return new Promise((resolve, reject) => {
      const end = (): void => {
        if (this.identityQuestion === question) this.identityQuestion = undefined;
        this.timers.clearTimeout(timer);
        this.show(question.watch.release());
      };
      const found = (identity: BoardIdentity | undefined): void => {
        end();
        resolve(identity);
      };
      const lost = (error: Error): void => {
        end();
        reject(error);
      };
      const question: IdentityQuestion = { watch: new IdentityWatch(), found, lost };
      const timer = this.timers.setTimeout(() => found(undefined), IDENTITY_MS);
      // A question that another one replaces has its time to be answered by that one's packet.
      this.identityQuestion = question;
      this.exchange.type(ASK).catch(lost);
    });
  }

  /** Undefined where there is no answer; a console that is locked, or a link that is lost, is said at once. */
  private async evaluateIdentity(): Promise<BoardIdentity | undefined> {
    try {
      const options = { timeoutMs: PROBE_MS, probeMs: PROBE_MS };
      const answer = await this.exchange.request("[process.version,process.env.BOARD]", options);
      const [version, board] = Array.isArray(answer) ? answer : [];
      return typeof version === "string" && typeof board === "string" ? { version, board } : undefined;
    } catch (error) {
      if (error instanceof ReplError && error.code !== "REPL_LOCKED" && error.code !== "REPL_CLOSED") return undefined;
      throw error;
    }
  }

  private takeText(text: string): void {
    const question = this.identityQuestion;
    if (question === undefined) {
      this.show(text);
      return;
    }
    const found = question.watch.feed(text);
    this.show(found.text);
    if (found.identity !== undefined) question.found(found.identity);
  }

  /** Without what the board drew anew of our own packets; what may be the beginning of that waits for a moment. */
  private show(text: string): void {
    this.tell(this.redraws.feed(text));
    if (this.redrawTimer !== undefined) this.timers.clearTimeout(this.redrawTimer);
    this.redrawTimer = undefined;
    if (this.redraws.isHolding) {
      this.redrawTimer = this.timers.setTimeout(() => this.tell(this.redraws.idle()), REDRAW_MS);
    }
  }

  private tell(text: string): void {
    if (text === "") return;
    for (const listener of [...this.textListeners]) listener(text);
  }

  private takeFrame(id: string, payload: string): void {
    const call = this.calls.get(id);
    if (call === undefined) return;
    try {
      const values = parseToJs(payload);
      if (!Array.isArray(values)) throw new SyntaxError("a list was expected");
      call.resolve(values);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      const what = `what the callback was called with is not what E.toJS prints: ${error.message}`;
      call.reject(new ReplError("REPL_ANSWER", what, payload.slice(0, 200)));
    }
  }

  private end(cause: Error | undefined): void {
    if (this.closed !== undefined) return;
    this.closed = new ReplError("REPL_CLOSED", cause === undefined ? "the session was closed" : cause.message);
    if (this.redrawTimer !== undefined) this.timers.clearTimeout(this.redrawTimer);
    this.tell(this.redraws.idle());
    for (const call of this.calls.values()) call.reject(this.closed);
    this.exchange.close(this.closed);
    this.identityQuestion?.lost(this.closed);
    for (const listener of [...this.closeListeners]) listener(cause);
  }
}

/**
 * The frame goes out by the console's device itself: `print` would take the line away that is being typed, and end it. Where
 * there is no console any more, nobody waits for it.
 */
function callExpression(id: string, code: string): string {
  // Not as the bytes that they are: the source is printed in a stack trace, which is no frame.
  const mark = `\\x${FRAME_MARK.charCodeAt(0).toString(16)}`;
  const frame = `"${mark}${id}"+E.toJS([].slice.call(arguments))+"${mark}"`;
  return `(function(done){${code}})(function(){var c=global[E.getConsole()];c&&c.write(${frame})})`;
}
