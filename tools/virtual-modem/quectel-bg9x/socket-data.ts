/** Data of plain sockets: AT+QISEND, AT+QISENDEX, AT+QIRD. Source: BG96 TCP/IP manual V1.1, 2.1.7 to 2.1.9 [D]. */
import { type Commands, ERROR, type Io, OK, type Result } from "../answer.ts";
import { type Call, integer, string } from "../v250-parse.ts";
import { type DatagramEntry, isDatagram } from "./datagrams.ts";
import { MAX_HOST } from "./lookup.ts";
import { MAX_ID, MAX_SEND } from "./ports.ts";
import { type Entry, isStream, type Streams, writeStream } from "./streams.ts";

export function createSocketData(table: Streams<Entry>): Commands {
  async function send(call: Call, io: Io): Promise<Result> {
    if (call.kind === "test") {
      io.lines(`+QISEND: (0-${MAX_ID}),(0-${MAX_SEND})`);
      return OK;
    }
    const entry = table.find(call.args[0]);
    if (call.kind !== "write" || entry === undefined) return ERROR;
    if (call.args[1]?.text === "0") {
      const waiting = isStream(entry) ? (entry.socket?.writableLength ?? 0) : 0;
      io.lines(`+QISEND: ${entry.sent},${entry.sent - waiting},${waiting}`);
      return OK;
    }
    // [D] A UDP service is told where each datagram goes.
    if (entry.service === "UDP SERVICE" && (call.args[2] === undefined || call.args[3] === undefined)) return ERROR;
    return table.send(entry, call.args[1], io, writerFor(entry, call));
  }

  function writerFor(entry: Entry, call: Call): (entry: Entry, bytes: Buffer) => number {
    if (!isDatagram(entry)) return writeStream;
    const address = string(call.args[2], MAX_HOST, entry.address) ?? entry.address;
    const port = integer(call.args[3], 1, 65_535, entry.port) ?? entry.port;
    return (_entry, bytes) => {
      entry.sendTo(bytes, address, port);
      return 0;
    };
  }

  function sendHex(call: Call, io: Io): Result {
    if (call.kind === "test") {
      io.lines(`+QISENDEX: (0-${MAX_ID}),<hex_string>`);
      return OK;
    }
    const entry = table.find(call.args[0]);
    const hex = string(call.args[1], 512);
    if (entry === undefined || hex === undefined || !/^(?:[0-9a-f]{2})+$/i.test(hex)) return ERROR;
    // [D] 2.1.9: not for servers, and a datagram of theirs would have no address.
    if (entry.service === "UDP SERVICE" || entry.service === "TCP LISTENER") return ERROR;
    return table.put(entry, Buffer.from(hex, "hex"), writerFor(entry, call));
  }

  function read(call: Call, io: Io): Result {
    if (call.kind === "test") {
      io.lines(`+QIRD: (0-${MAX_ID}),(0-1500)`);
      return OK;
    }
    const entry = table.find(call.args[0]);
    const length = table.readLength(call.args[1]);
    // [H] EC25: in push mode QIRD gives ERROR.
    if (call.kind !== "write" || entry === undefined || length === undefined || entry.access !== 0) return ERROR;
    if (length === 0) {
      io.lines(`+QIRD: ${entry.inbox.total},${entry.inbox.taken},${entry.inbox.length}`);
      return OK;
    }
    const taken = isDatagram(entry) ? readDatagram(entry, length) : { header: "", bytes: entry.inbox.read(length) };
    if (taken.bytes.length === 0) io.lines("+QIRD: 0");
    else {
      table.tell(entry, "read", taken.bytes.length);
      io.data(`+QIRD: ${taken.bytes.length}${taken.header}`, taken.bytes);
    }
    return OK;
  }

  /** [R] A datagram longer than was asked for loses its end. */
  function readDatagram(entry: DatagramEntry, length: number): { header: string; bytes: Buffer } {
    const datagram = entry.next();
    if (datagram === undefined) return { header: "", bytes: Buffer.alloc(0) };
    const header = entry.service === "UDP SERVICE" ? `,"${datagram.address}",${datagram.port}` : "";
    return { header, bytes: datagram.bytes.subarray(0, length) };
  }

  return { "+QISEND": send, "+QISENDEX": sendHex, "+QIRD": read };
}
