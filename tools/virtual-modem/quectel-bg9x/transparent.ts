/** Data access modes of a TCP socket: buffer, push, transparent with `+++`, ATO and AT+QISWTMD.
 *  Source: BG96 TCP/IP manual V1.1, 1.2 and 2.1.10 [D]. */
import { type Commands, ERROR, final, type Io, OK, type Result } from "../answer.ts";
import { TX_HIGH_WATER } from "../uart.ts";
import { type Call, integer } from "../v250-parse.ts";
import type { Boot } from "./context.ts";
import { isDatagram } from "./datagrams.ts";
import { MAX_ID, MAX_READ, SEND_BUFFER } from "./ports.ts";
import { type Entry, isStream, type StreamEntry, type Streams } from "./streams.ts";

/** How often a peer that was stopped for the wire's sake is looked at, in milliseconds. */
const DRAIN_POLL_MS = 20;

/** The mode of an open socket can change. */
interface Switched extends Entry {
  access: number;
}

export interface Modes {
  readonly commands: Commands;
  /** The mode of a socket as the host asked for it; what is transparent counts as buffered inside. */
  shown(entry: Entry): number;
  /** Online until `+++` or the end of the connection. */
  transparent(entry: StreamEntry, io: Io): Promise<Result>;
}

export function createModes(boot: Boot, table: Streams<Entry>): Modes {
  const { machine } = boot;
  /** The socket that left transparent mode last: ATO goes back to it. */
  let last: StreamEntry | undefined;
  let current: StreamEntry | undefined;

  async function transparent(entry: StreamEntry, io: Io): Promise<Result> {
    const { inbox, lose, abort } = entry;
    const buffer = inbox.push;
    last = entry;
    current = entry;
    const link = io.online((bytes) => toPeer(entry, bytes));
    const toHost = (bytes: Buffer): void => {
      io.raw(bytes);
      slowDown(entry);
    };
    while (inbox.length > 0) toHost(inbox.read(MAX_READ));
    // Until the end of transparent mode nothing is kept and nothing is announced.
    inbox.push = toHost;
    entry.lose = (silent) => {
      // [D] 1.2, note 2: NO CARRIER instead of the URC; the socket still has to be closed.
      lose(true);
      if (!silent) link.close();
    };
    // The context is taken away.
    entry.abort = () => link.close();
    if (entry.state !== 2) link.close();
    const how = await link.ended;
    inbox.push = buffer;
    entry.lose = lose;
    entry.abort = abort;
    current = undefined;
    return how === "escaped" ? OK : final("NO CARRIER");
  }

  /** [R] The packet size and waiting time of AT+QICFG only shape segments: here bytes go out as they come. */
  function toPeer(entry: StreamEntry, bytes: Buffer): void {
    const { socket } = entry;
    if (entry.state !== 2 || socket === undefined) return;
    if (socket.writableLength + bytes.length > SEND_BUFFER * 4) {
      machine.emit({ type: "swallowed", bytes: bytes.length, why: "the peer takes nothing, and no flow control" });
      return;
    }
    socket.write(bytes);
    entry.sent += bytes.length;
    table.tell(entry, "sent", bytes.length);
  }

  function slowDown(entry: StreamEntry): void {
    const { socket } = entry;
    if (socket === undefined || machine.uart.backlog < TX_HIGH_WATER || socket.isPaused()) return;
    socket.pause();
    const look = (): void => {
      if (machine.uart.backlog < TX_HIGH_WATER / 2) socket.resume();
      else machine.timeout(DRAIN_POLL_MS, look);
    };
    machine.timeout(DRAIN_POLL_MS, look);
  }

  function choose(call: Call, io: Io): Result | Promise<Result> {
    if (call.kind === "test") {
      io.lines(`+QISWTMD: (0-${MAX_ID}),(0-2)`);
      return OK;
    }
    const entry = table.find(call.args[0]);
    const mode = integer(call.args[1], 0, 2);
    if (entry === undefined || mode === undefined || entry.state !== 2) return ERROR;
    // Only a stream can be transparent: the manual's examples are TCP.
    if (mode === 2) return isStream(entry) ? transparent(toBuffer(entry), io) : ERROR;
    if (mode === 1 && isDatagram(entry) && entry.waiting.length > 0) return ERROR;
    const switched: Switched = entry;
    switched.access = mode;
    // [R] What is buffered is pushed at once: AT+QIRD is refused in push mode.
    while (mode === 1 && entry.inbox.length > 0) {
      const part = entry.inbox.read(MAX_READ);
      machine.after(0, () => machine.urcWithData(`+QIURC: "recv",${entry.id},${part.length}`, part));
    }
    return OK;
  }

  function toBuffer(entry: StreamEntry): StreamEntry {
    const switched: Switched = entry;
    switched.access = 0;
    return entry;
  }

  return {
    shown: (entry) => (entry === current ? 2 : entry.access),
    transparent: (entry, io) => transparent(toBuffer(entry), io),
    commands: {
      "+QISWTMD": choose,
      "O": (call, io) => {
        const known = last !== undefined && table.entries.get(last.id) === last && last.state === 2;
        if (integer(call.args[0], 0, 0, 0) === undefined) return ERROR;
        return known && last !== undefined ? transparent(toBuffer(last), io) : final("NO CARRIER");
      },
    },
  };
}
