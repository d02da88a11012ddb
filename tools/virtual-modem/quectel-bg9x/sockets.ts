/** Plain sockets: AT+QI*. Source: BG96 TCP/IP AT Commands Manual V1.0, BG95 TCP/IP application note [D]. */
import { ERROR, type Io, OK, type Result } from "../answer.ts";
import { type Call, integer, string } from "../v250-parse.ts";
import type { Boot, Part } from "./context.ts";
import { type DatagramEntry, isDatagram, openDatagram } from "./datagrams.ts";
import { dial } from "./dial.ts";
import { IP_ERROR, ipText } from "./errors.ts";
import { LATENCY } from "./latency.ts";
import { MAX_ID, MAX_SEND } from "./ports.ts";
import { type Entry, type Failure, isStream, newStream, Streams, writeStream } from "./streams.ts";

/** [D] TCP/IP manual: longest address. */
export const MAX_HOST = 150;

export interface Sockets extends Part {
  readonly table: Streams<Entry>;
}

interface OpenRequest {
  readonly cid: number;
  readonly id: number;
  readonly service: string;
  readonly host: string;
  readonly port: number;
  readonly localPort: number;
  readonly access: number;
}

function parseOpen(call: Call): OpenRequest | undefined {
  const cid = integer(call.args[0], 1, 16);
  const id = integer(call.args[1], 0, MAX_ID);
  const service = string(call.args[2], 16)?.toUpperCase();
  const host = string(call.args[3], MAX_HOST);
  const port = integer(call.args[4], 0, 65_535);
  const localPort = integer(call.args[5], 0, 65_535, 0);
  const access = integer(call.args[6], 0, 2, 0);
  if (cid === undefined || id === undefined || service === undefined || host === undefined || host === "")
    return undefined;
  if (port === undefined || localPort === undefined || access === undefined) return undefined;
  return { cid, id, service, host, port, localPort, access };
}

export function createSockets(boot: Boot): Sockets {
  const { machine } = boot;
  const table = new Streams<Entry>(boot, "+QIURC");

  function opened(id: number, code: number): void {
    boot.lastError.code = code;
    machine.urc(`+QIOPEN: ${id},${code}`);
  }

  function refuse(request: OpenRequest): Failure | undefined {
    const fail = (code: number, cause: Failure["cause"], detail: string): Failure => ({ code, cause, detail });
    if (table.entries.has(request.id)) return fail(IP_ERROR.idInUse, "id-in-use", `connectID ${request.id} is taken`);
    // [R] An inactive context: 561 behind OK.
    if (boot.bearer.address(request.cid) === undefined) {
      return fail(IP_ERROR.pdpOpen, "pdp-inactive", `context ${request.cid} is not active`);
    }
    if (boot.wears(false)) return fail(IP_ERROR.invalidParameter, "worn", "the data stack is worn out");
    return undefined;
  }

  function open(call: Call, io: Io): Result {
    if (call.kind === "test") {
      io.lines(
        '+QIOPEN: (1-16),(0-11),"TCP/UDP/TCP LISTENER/UDP SERVICE",<IP_address>/<domain_name>,(0-65535),(0-65535),(0-2)',
      );
      return OK;
    }
    const request = call.kind === "write" ? parseOpen(call) : undefined;
    if (request === undefined) return ERROR;
    // Transparent mode and listeners are not played: refused, never half done.
    if (request.access === 2 || !["TCP", "UDP", "UDP SERVICE"].includes(request.service)) return ERROR;
    const { id, host, port, service } = request;
    const refused = refuse(request);
    const kind = service === "TCP" ? "tcp" : "udp";
    machine.emit({ type: "socket", kind, id, host, port, action: "open" });
    if (refused !== undefined) {
      machine.emit({ type: "socket", kind, id, host, port, action: "failed", ...refused });
      machine.after(0, () => opened(id, refused.code));
    } else if (kind === "tcp") openTcp(request);
    else openUdp(request);
    return OK;
  }

  function openTcp(request: OpenRequest): void {
    const entry = newStream({ streams: table }, { ...request, kind: "tcp" });
    table.entries.set(entry.id, entry);
    const fail = (failure: Failure): void => {
      table.entries.delete(entry.id);
      table.failed(entry, failure);
      opened(entry.id, failure.code);
    };
    machine.after(LATENCY.roundTrip, () => {
      if (entry.state !== 1) return;
      entry.abort = dial(boot, request.host, request.port, (failure, dialled) => {
        if (failure !== undefined) return fail(failure);
        if (dialled === undefined) return;
        entry.address = dialled.address;
        entry.localPort = dialled.socket.localPort ?? 0;
        table.connected(entry);
        opened(entry.id, 0);
        table.attach(entry, dialled.socket);
      });
    });
  }

  function openUdp(request: OpenRequest): void {
    // The id is taken at once: a second open meanwhile gives 563.
    const holder = newStream({ streams: table }, { ...request, kind: "udp" });
    table.entries.set(request.id, holder);
    void boot.resolve(request.host).then((peer) => {
      if (table.entries.get(request.id) !== holder) return;
      if (peer === undefined) {
        table.entries.delete(request.id);
        table.failed(holder, { code: IP_ERROR.dnsFailed, cause: "dns", detail: `no address for ${request.host}` });
        return opened(request.id, IP_ERROR.dnsFailed);
      }
      const entry = openDatagram(boot, table, { ...request, peer }, (ready) => {
        if (ready === undefined) {
          table.entries.delete(request.id);
          return opened(request.id, IP_ERROR.socketCreate);
        }
        table.connected(ready);
        opened(request.id, 0);
      });
      table.entries.set(request.id, entry);
    });
  }

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

  function sendHex(call: Call): Result {
    const entry = table.find(call.args[0]);
    const hex = string(call.args[1], 512);
    if (entry === undefined || hex === undefined || !/^(?:[0-9a-f]{2})+$/i.test(hex)) return ERROR;
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

  function state(call: Call, io: Io): Result {
    if (call.kind === "test") return OK;
    const type = integer(call.args[0], 0, 1);
    const value = integer(call.args[1], 0, 16);
    if (call.kind === "write" && (type === undefined || value === undefined)) return ERROR;
    const wanted = [...table.entries.values()].filter(
      (entry) => call.kind !== "write" || (type === 0 ? entry.cid === value : entry.id === value),
    );
    io.lines(
      ...wanted.map(
        (e) =>
          `+QISTATE: ${e.id},"${e.service}","${e.address}",${e.port},${e.localPort},${e.state},${e.cid},0,${e.access},"uart1"`,
      ),
    );
    return OK;
  }

  function lookUp(call: Call, io: Io): Result {
    if (call.kind === "test") {
      io.lines("+QIDNSGIP: (1-16),<hostname>");
      return OK;
    }
    const cid = integer(call.args[0], 1, 16);
    const host = string(call.args[1], MAX_HOST);
    if (call.kind !== "write" || cid === undefined || host === undefined || host === "") return ERROR;
    if (boot.bearer.address(cid) === undefined) {
      boot.lastError.code = IP_ERROR.pdpOpen;
      return ERROR;
    }
    void boot.resolve(host).then((address) =>
      machine.after(LATENCY.roundTrip, () => {
        if (address === undefined) return table.urc(`"dnsgip",${IP_ERROR.dnsFailed}`);
        table.urc('"dnsgip",0,1,600');
        table.urc(`"dnsgip","${address}"`);
      }),
    );
    return OK;
  }

  const settings = new Map<string, string>();
  return {
    table,
    dispose: () => table.killAll(),
    commands: {
      "+QIOPEN": open,
      "+QICLOSE": (call) => (call.kind === "test" ? OK : table.close(table.id(call.args[0]), call.args[1])),
      "+QISEND": send,
      "+QISENDEX": sendHex,
      "+QIRD": read,
      "+QISTATE": state,
      "+QIDNSGIP": lookUp,
      "+QIGETERROR": (_call, io) => {
        io.lines(`+QIGETERROR: ${boot.lastError.code},${ipText(boot.lastError.code)}`);
        return OK;
      },
      "+QIDNSCFG": (call, io) => {
        const cid = call.args[0]?.text ?? "";
        if (integer(call.args[0], 1, 16) === undefined) return ERROR;
        if (call.args.length === 1)
          io.lines(`+QIDNSCFG: ${cid},${settings.get(`dns${cid}`) ?? '"10.187.7.1","10.187.7.2"'}`);
        else
          settings.set(
            `dns${cid}`,
            call.args
              .slice(1)
              .map((arg) => `"${arg?.text ?? ""}"`)
              .join(","),
          );
        return OK;
      },
      "+QICFG": (call, io) => {
        const key = string(call.args[0], 32)?.toLowerCase();
        if (call.kind === "test") return OK;
        if (key === undefined) return ERROR;
        if (call.args.length === 1) io.lines(`+QICFG: "${key}",${settings.get(key) ?? "0"}`);
        else if (settings.size < 64)
          settings.set(
            key,
            call.args
              .slice(1)
              .map((arg) => arg?.text ?? "")
              .join(","),
          );
        return OK;
      },
      "+QISDE": (call, io) => {
        if (call.kind === "read") io.lines(`+QISDE: ${machine.echoData ? 1 : 0}`);
        else if (call.kind === "write") {
          const value = integer(call.args[0], 0, 1);
          if (value === undefined) return ERROR;
          machine.echoData = value === 1;
        }
        return OK;
      },
    },
  };
}
