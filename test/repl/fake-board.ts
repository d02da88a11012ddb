/** A port at whose other end a test plays the board: it sees packets and keys, and says what it likes. */
import { createManualClock, type ManualClock } from "../../tools/clock.ts";
import { type Port, PortError } from "../../tools/port/port.ts";
import { openSession, type SessionOptions } from "../../tools/repl/open-session.ts";
import type { Session } from "../../tools/repl/session.ts";

export interface Packet {
  readonly id: string;
  readonly expression: string;
}

export interface FakeBoard {
  readonly session: Session;
  readonly clock: ManualClock;
  /** Packets so far, in order, markers of the session included. */
  readonly packets: Packet[];
  /** Bytes outside of packets. */
  keys(): string;
  /** All bytes. */
  received(): string;
  /** Console text so far. */
  text(): string;
  /** The board says something. */
  say(bytes: string): void;
  answer(packet: Packet | undefined, value?: string): void;
  /** Waits until so many packets have come. */
  packet(count: number): Promise<Packet>;
  lose(): void;
  /** The link takes nothing until it is told to. */
  hold(isHeld: boolean): void;
}

/** Lets promises do what they have put off. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

export function response(id: string, value?: string): string {
  const body = value === undefined ? `{${id}:0}` : `{${id}:0,v:${value}}`;
  return `\x06\x10\x01${String.fromCharCode(body.length >> 8, body.length & 255)}${body}`;
}

export function fakeBoard(options: Omit<SessionOptions, "timers"> & { chunkBytes?: number } = {}): FakeBoard {
  const clock = createManualClock();
  const packets: Packet[] = [];
  const waitingWrites: (() => void)[] = [];
  let isHeld = false;
  let received = "";
  let unread = "";
  let keys = "";
  let text = "";
  const port: Port = {
    name: "fake",
    chunkBytes: options.chunkBytes ?? 20,
    write(bytes) {
      received += bytes;
      unread += bytes;
      read();
      return isHeld ? new Promise((resolve) => waitingWrites.push(resolve)) : Promise.resolve();
    },
    onData: undefined,
    onClose: undefined,
    close: () => Promise.resolve(),
  };
  function read(): void {
    for (;;) {
      const start = unread.indexOf("\x10\x01");
      if (start < 0) {
        keys += unread.endsWith("\x10") ? unread.slice(0, -1) : unread;
        unread = unread.endsWith("\x10") ? "\x10" : "";
        return;
      }
      keys += unread.slice(0, start);
      unread = unread.slice(start);
      const length = ((unread.charCodeAt(2) & 0x1f) << 8) | unread.charCodeAt(3);
      if (unread.length < 4 || unread.length < 4 + length) return;
      const [, id = "", expression = ""] = /^\{(\w{3}):0,v:\((.*)\)\} ?$/s.exec(unread.slice(4, 4 + length)) ?? [];
      packets.push({ id, expression });
      unread = unread.slice(4 + length);
    }
  }
  const session = openSession(port, { ...options, timers: clock });
  session.onText((more) => {
    text += more;
  });
  return {
    session,
    clock,
    packets,
    keys: () => keys,
    received: () => received,
    text: () => text,
    say: (bytes) => port.onData?.(bytes),
    answer: (packet, value) => port.onData?.(response(packet?.id ?? "", value)),
    async packet(count) {
      for (let i = 0; i < 200 && packets.length < count; i++) await settle();
      const packet = packets[count - 1];
      if (packet === undefined) throw new Error(`${packets.length} packets, not ${count}: ${JSON.stringify(received)}`);
      return packet;
    },
    lose: () => port.onClose?.(new PortError("PORT_LOST", "the link to fake was lost")),
    hold(held) {
      isHeld = held;
      if (!held) for (const resolve of waitingWrites.splice(0)) resolve();
    },
  };
}
