/** Plain sockets: AT+QIOPEN, AT+QICLOSE, AT+QISTATE. Source: BG96 TCP/IP AT Commands Manual V1.1 [D]. */
import { ERROR, type Io, OK, type Result } from "../answer.ts";
import { type Call, integer, string } from "../v250-parse.ts";
import type { Boot, Part } from "./context.ts";
import { openDatagram } from "./datagrams.ts";
import { dial } from "./dial.ts";
import { IP_ERROR, ipText } from "./errors.ts";
import { LATENCY } from "./latency.ts";
import { listen, type OpenRequest, type ServerIds } from "./listener.ts";
import { createLookup, MAX_HOST } from "./lookup.ts";
import { MAX_ID } from "./ports.ts";
import { createSocketData } from "./socket-data.ts";
import { createSocketSettings } from "./socket-settings.ts";
import { type Entry, type Failure, newStream, type StreamEntry, Streams } from "./streams.ts";
import { createModes } from "./transparent.ts";

export { MAX_HOST };

const SERVICES: readonly string[] = ["TCP", "UDP", "TCP LISTENER", "UDP SERVICE"];

export interface Sockets extends Part {
  readonly table: Streams<Entry>;
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
  if (!SERVICES.includes(service)) return undefined;
  // [D] 2.1.4: a server is told its port. [R] Only a TCP client can be transparent: the manual's examples are.
  if ((service === "TCP LISTENER" && localPort === 0) || (access === 2 && service !== "TCP")) return undefined;
  return { cid, id, service, host, port, localPort, access };
}

export function createSockets(boot: Boot): Sockets {
  const { machine } = boot;
  const table = new Streams<Entry>(boot, "+QIURC");
  const modes = createModes(boot, table);
  const servers: ServerIds = new Map();

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

  function open(call: Call, io: Io): Result | Promise<Result> {
    if (call.kind === "test") {
      io.lines(
        '+QIOPEN: (1-16),(0-11),"TCP/UDP/TCP LISTENER/UDP SERVICE",<IP_address>/<domain_name>,(0-65535),(0-65535),(0-2)',
      );
      return OK;
    }
    const request = call.kind === "write" ? parseOpen(call) : undefined;
    if (request === undefined) {
      // [D] 3.9: what AT+QIGETERROR says then.
      boot.lastError.code = IP_ERROR.invalidParameter;
      return ERROR;
    }
    const { id, host, port, service } = request;
    const refused = refuse(request);
    const kind = service.startsWith("TCP") ? "tcp" : "udp";
    machine.emit({ type: "socket", kind, id, host, port, action: "open" });
    if (refused !== undefined) {
      machine.emit({ type: "socket", kind, id, host, port, action: "failed", ...refused });
      boot.lastError.code = refused.code;
      // [D] In transparent mode there is no URC: ERROR at once.
      if (request.access === 2) return ERROR;
      machine.after(0, () => opened(id, refused.code));
    } else if (request.access === 2) return openTransparent(request, io);
    else if (service === "TCP") openTcp(request, (_entry, code) => opened(id, code));
    else if (service === "TCP LISTENER")
      listen(boot, table, servers, request, (ready) => opened(id, ready ? 0 : IP_ERROR.bind));
    else openUdp(request);
    return OK;
  }

  async function openTransparent(request: OpenRequest, io: Io): Promise<Result> {
    const entry = await new Promise<StreamEntry | undefined>((resolve) => {
      openTcp({ ...request, access: 0 }, (ready, code) => {
        boot.lastError.code = code;
        resolve(code === 0 ? ready : undefined);
      });
    });
    return entry === undefined ? ERROR : modes.transparent(entry, io);
  }

  function openTcp(request: OpenRequest, told: (entry: StreamEntry, code: number) => void): void {
    const entry = newStream({ streams: table }, { ...request, kind: "tcp" });
    table.entries.set(entry.id, entry);
    const fail = (failure: Failure): void => {
      table.entries.delete(entry.id);
      table.failed(entry, failure);
      told(entry, failure.code);
    };
    machine.after(LATENCY.roundTrip, () => {
      if (entry.state !== 1) return;
      entry.abort = dial(boot, request.host, request.port, (failure, dialled) => {
        if (failure !== undefined) return fail(failure);
        if (dialled === undefined) return;
        entry.address = dialled.address;
        entry.localPort = dialled.socket.localPort ?? 0;
        table.connected(entry);
        told(entry, 0);
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

  function close(call: Call): Promise<Result> {
    const entry = table.find(call.args[0]);
    if (entry !== undefined) servers.delete(entry);
    return table.close(table.id(call.args[0]), call.args[1]);
  }

  function describe(entry: Entry): string {
    const { id, service, localPort, state: stands, cid } = entry;
    const isService = service === "UDP SERVICE";
    // [D] 3.5.1 and 3.6.1: what waits for others is shown with the context's address.
    const address = isService ? (boot.bearer.address(cid) ?? "") : entry.address;
    // [D] The manual's examples and [H] a log: what no server accepted repeats its own id here.
    const server = servers.get(entry) ?? id;
    const remote = isService ? 0 : entry.port;
    const mode = modes.shown(entry);
    return `+QISTATE: ${id},"${service}","${address}",${remote},${localPort},${stands},${cid},${server},${mode},"uart1"`;
  }

  function state(call: Call, io: Io): Result {
    if (call.kind === "test") return OK;
    const type = integer(call.args[0], 0, 1);
    const value = integer(call.args[1], 0, 16);
    if (call.kind === "write" && (type === undefined || value === undefined)) return ERROR;
    const wanted = [...table.entries.values()].filter(
      (entry) => call.kind !== "write" || (type === 0 ? entry.cid === value : entry.id === value),
    );
    io.lines(...wanted.map(describe));
    return OK;
  }

  return {
    table,
    dispose: () => table.killAll(),
    commands: {
      "+QIOPEN": open,
      "+QICLOSE": (call, io) => {
        if (call.kind !== "test") return close(call);
        io.lines(`+QICLOSE: (0-${MAX_ID}),(0-65535)`);
        return OK;
      },
      "+QISTATE": state,
      ...createSocketData(table),
      ...createLookup(boot),
      ...createSocketSettings(boot),
      ...modes.commands,
      "+QIGETERROR": (call, io) => {
        if (call.kind === "test") return OK;
        io.lines(`+QIGETERROR: ${boot.lastError.code},${ipText(boot.lastError.code)}`);
        return OK;
      },
    },
  };
}
