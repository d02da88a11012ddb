/** Stream sockets as the host sees them: one table for plain TCP (+QI...), one for TLS (+QSSL...). */
import type { Socket } from "node:net";
import { ERROR, final, type Io, OK, type Result } from "../answer.ts";
import type { FailureCause, SocketKind, TlsDetails } from "../types.ts";
import { TX_HIGH_WATER } from "../uart.ts";
import { type Argument, integer } from "../v250-parse.ts";
import type { Boot } from "./context.ts";
import { LATENCY } from "./latency.ts";
import { createInbox, type Inbox, MAX_ID, MAX_READ, MAX_SEND, SEND_BUFFER } from "./ports.ts";

/** How often a push-mode socket that was stopped looks whether the wire has room again, in milliseconds. */
const DRAIN_POLL_MS = 20;

export interface Entry {
  readonly id: number;
  readonly kind: SocketKind;
  /** `TCP`, `UDP`, `UDP SERVICE`, `SSLClient`. */
  readonly service: string;
  readonly host: string;
  readonly port: number;
  readonly cid: number;
  readonly access: number;
  /** [D] QISTATE: 0 initial, 1 opening, 2 connected, 3 listening, 4 closing. */
  state: 0 | 1 | 2 | 3 | 4;
  address: string;
  localPort: number;
  sent: number;
  readonly inbox: Inbox;
  /** Ends the real socket; `orderly` lets written bytes out first. */
  release(orderly: boolean): void;
}

export interface StreamEntry extends Entry {
  socket: Socket | undefined;
  /** An open that is under way is given up. */
  abort: () => void;
  /** The connection has ended by itself; tells the host unless told not to. */
  lose: (silent: boolean) => void;
}

export interface Failure {
  readonly code: number;
  readonly cause: FailureCause;
  readonly detail: string;
  readonly tls?: TlsDetails | undefined;
}

export class Streams<E extends Entry = Entry> {
  readonly entries = new Map<number, E>();
  readonly boot: Boot;
  private readonly urcName: string;

  constructor(boot: Boot, urcName: "+QIURC" | "+QSSLURC") {
    this.boot = boot;
    this.urcName = urcName;
    boot.bearer.onLost((cid, by) => {
      for (const entry of [...this.entries.values()]) {
        if (entry.cid !== cid) continue;
        this.kill(entry);
        // [D] QIDEACT closes the connections of its context; [R] after a loss the ids stay until they are closed.
        if (by === "host") this.entries.delete(entry.id);
      }
    });
  }

  id(argument: Argument | undefined): number | undefined {
    return integer(argument, 0, MAX_ID);
  }

  find(argument: Argument | undefined): E | undefined {
    const id = this.id(argument);
    return id === undefined ? undefined : this.entries.get(id);
  }

  tell(entry: Entry, action: "sent" | "received" | "read", bytes: number): void {
    const { kind, id, host, port } = entry;
    this.boot.machine.emit({ type: "socket", kind, id, host, port, action, bytes });
  }

  closed(entry: Entry, by: "host" | "peer" | "modem"): void {
    const { kind, id, host, port } = entry;
    this.boot.machine.emit({ type: "socket", kind, id, host, port, action: "closed", by });
  }

  failed(entry: Entry, failure: Failure): void {
    const { kind, id, host, port } = entry;
    this.boot.machine.emit({ type: "socket", kind, id, host, port, action: "failed", ...failure });
  }

  connected(entry: Entry, tls?: TlsDetails): void {
    const { kind, id, host, port, address } = entry;
    this.boot.machine.emit({ type: "socket", kind, id, host, port, action: "connected", address, tls });
  }

  urc(text: string): void {
    this.boot.machine.urc(`${this.urcName}: ${text}`);
  }

  /** The connection is dead without a word to the host: power, PDP context or radio are gone. */
  kill(entry: E): void {
    if (entry.state === 4) return;
    const was = entry.state;
    entry.state = 4;
    if (isStream(entry)) entry.abort();
    entry.release(false);
    if (was === 2) this.closed(entry, "modem");
  }

  killAll(): void {
    for (const entry of this.entries.values()) this.kill(entry);
    this.entries.clear();
  }

  newInbox(id: number, socket: () => Socket | undefined): Inbox {
    const { machine, quirks } = this.boot;
    const inbox: Inbox = createInbox({
      // [R] About the way of a segment down to the host: what arrives meanwhile is behind the same URC.
      announce: () =>
        machine.after(LATENCY.receive, () => {
          if (this.entries.get(id)?.inbox !== inbox || inbox.length === 0) return;
          this.urc(`"recv",${id}${quirks.recvUrcLength ? `,${inbox.length}` : ""}`);
        }),
      pause: () => socket()?.pause(),
      resume: () => socket()?.resume(),
    });
    return inbox;
  }

  /** Joins an established socket to its entry. */
  attach(entry: StreamEntry, socket: Socket): void {
    const { machine } = this.boot;
    entry.socket = socket;
    entry.state = 2;
    entry.lose = (silent) => {
      if (entry.state !== 2) return;
      entry.state = 4;
      socket.destroy();
      this.closed(entry, "peer");
      // As late as the data before it; [R] what is in the buffer stays readable.
      if (!silent) machine.after(LATENCY.receive, () => this.sayClosed(entry));
    };
    const gone = (): void => entry.lose(false);
    socket.on("data", (bytes: Buffer) => {
      this.tell(entry, "received", bytes.length);
      if (entry.access === 0) entry.inbox.push(bytes);
      else this.pushOut(entry, socket, bytes);
    });
    socket.on("end", gone);
    socket.on("close", gone);
    socket.on("error", gone);
  }

  private sayClosed(entry: Entry): void {
    // The host may have closed it meanwhile.
    if (this.entries.get(entry.id) === entry) this.urc(`"closed",${entry.id}`);
  }

  private pushOut(entry: StreamEntry, socket: Socket, bytes: Buffer): void {
    const { machine } = this.boot;
    for (let at = 0; at < bytes.length; at += MAX_SEND) {
      const part = bytes.subarray(at, at + MAX_SEND);
      machine.urcWithData(`${this.urcName}: "recv",${entry.id},${part.length}`, part);
    }
    if (machine.uart.backlog < TX_HIGH_WATER || socket.isPaused()) return;
    socket.pause();
    const look = (): void => {
      if (machine.uart.backlog < TX_HIGH_WATER / 2) socket.resume();
      else machine.timeout(DRAIN_POLL_MS, look);
    };
    machine.timeout(DRAIN_POLL_MS, look);
  }

  /** The data of QISEND and QSSLSEND. */
  async send(
    entry: E | undefined,
    size: Argument | undefined,
    io: Io,
    write: (e: E, b: Buffer) => number,
  ): Promise<Result> {
    const { machine } = this.boot;
    const length = integer(size, 1, MAX_SEND);
    if (entry === undefined || entry.state !== 2 || (size !== undefined && length === undefined)) return ERROR;
    io.prompt();
    // [R] AT+QISDE, on as shipped: data is echoed like a command.
    const got = await io.collect({ size: length, limit: MAX_SEND, echo: machine.settings.echo && machine.echoData });
    // [R] ESC gives the send up.
    if (got.end === "cancelled") return OK;
    await machine.wait(LATENCY.send);
    return this.put(entry, got.bytes, write);
  }

  put(entry: E, bytes: Buffer, write: (e: E, b: Buffer) => number): Result {
    if (this.boot.machine.faults.current("send-fail") !== undefined) return final("SEND FAIL");
    // [D] ERROR when the connection ended meanwhile, SEND FAIL when the send buffer is full.
    if (entry.state !== 2 || bytes.length === 0) return ERROR;
    if (write(entry, bytes) > SEND_BUFFER) return final("SEND FAIL");
    entry.sent += bytes.length;
    this.tell(entry, "sent", bytes.length);
    return final("SEND OK");
  }

  /** Length argument of a read; undefined = wrong. */
  readLength(argument: Argument | undefined): number | undefined {
    return integer(argument, 0, MAX_READ, MAX_READ);
  }

  /** QICLOSE and QSSLCLOSE: [R] an id that is free already gives OK as well. */
  async close(id: number | undefined, timeout: Argument | undefined): Promise<Result> {
    if (id === undefined || integer(timeout, 0, 65_535, 10) === undefined) return ERROR;
    const entry = this.entries.get(id);
    if (entry === undefined) return OK;
    this.entries.delete(id);
    const was = entry.state;
    entry.state = 4;
    if (isStream(entry)) entry.abort();
    entry.release(true);
    if (was === 2 || was === 1) this.closed(entry, "host");
    await this.boot.machine.wait(LATENCY.close);
    return OK;
  }
}

export function isStream(entry: Entry): entry is StreamEntry {
  return "abort" in entry;
}

/** Bytes waiting in a stream's send buffer after the write; a full one takes no more. */
export function writeStream(entry: Entry, bytes: Buffer): number {
  if (!isStream(entry) || entry.socket === undefined) return Number.POSITIVE_INFINITY;
  const waiting = entry.socket.writableLength;
  if (waiting + bytes.length > SEND_BUFFER) return Number.POSITIVE_INFINITY;
  entry.socket.write(bytes);
  return waiting;
}

export function newStream(
  boot: { streams: Streams<Entry> },
  fields: Pick<Entry, "id" | "kind" | "service" | "host" | "port" | "cid" | "access">,
): StreamEntry {
  const entry: StreamEntry = {
    ...fields,
    state: 1,
    address: fields.host,
    localPort: 0,
    sent: 0,
    socket: undefined,
    lose: () => undefined,
    abort: () => undefined,
    inbox: boot.streams.newInbox(fields.id, () => entry.socket),
    release(orderly) {
      if (orderly) entry.socket?.destroySoon();
      else entry.socket?.destroy();
    },
  };
  return entry;
}
