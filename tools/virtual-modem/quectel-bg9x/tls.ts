/** TLS sockets: AT+QSSL*. Source: BG96 SSL AT Commands Manual V1.0 [D], NuModem reports [H]. */
import { ERROR, type Io, OK, type Result } from "../answer.ts";
import { type Call, integer, string } from "../v250-parse.ts";
import type { Boot, Part } from "./context.ts";
import { dial } from "./dial.ts";
import { IP_ERROR } from "./errors.ts";
import type { FileStore } from "./files.ts";
import { LATENCY } from "./latency.ts";
import { MAX_ID, MAX_SEND } from "./ports.ts";
import { MAX_HOST } from "./sockets.ts";
import { type Entry, type Failure, newStream, type StreamEntry, Streams, writeStream } from "./streams.ts";
import { createSslConfig, MAX_CONTEXT } from "./tls-config.ts";
import { handshake, prepare } from "./tls-handshake.ts";

interface OpenRequest {
  readonly cid: number;
  readonly context: number;
  readonly id: number;
  readonly host: string;
  readonly port: number;
  readonly access: number;
}

function parseOpen(call: Call): OpenRequest | undefined {
  const cid = integer(call.args[0], 1, 16);
  const context = integer(call.args[1], 0, MAX_CONTEXT);
  const id = integer(call.args[2], 0, MAX_ID);
  const host = string(call.args[3], MAX_HOST);
  const port = integer(call.args[4], 1, 65_535);
  const access = integer(call.args[5], 0, 2, 0);
  if (cid === undefined || context === undefined || id === undefined || port === undefined) return undefined;
  if (host === undefined || host === "" || access === undefined) return undefined;
  return { cid, context, id, host, port, access };
}

export function createTls(boot: Boot, files: FileStore): Part & { readonly table: Streams<Entry> } {
  const { machine } = boot;
  const table = new Streams<Entry>(boot, "+QSSLURC");
  const config = createSslConfig(boot.model.name);
  /** SSL context of each client, for QSSLSTATE. */
  const contexts = new Map<number, number>();

  function opened(id: number, code: number): void {
    machine.urc(`+QSSLOPEN: ${id},${code}`);
  }

  function refuse(request: OpenRequest): Failure | undefined {
    const fail = (code: number, cause: Failure["cause"], detail: string): Failure => ({ code, cause, detail });
    if (table.entries.has(request.id)) return fail(IP_ERROR.idInUse, "id-in-use", `clientID ${request.id} is taken`);
    if (boot.bearer.address(request.cid) === undefined) {
      return fail(IP_ERROR.pdpOpen, "pdp-inactive", `context ${request.cid} is not active`);
    }
    if (boot.wears(true)) return fail(IP_ERROR.invalidParameter, "worn", "the data stack is worn out");
    return undefined;
  }

  function open(call: Call, io: Io): Result {
    if (call.kind === "test") {
      io.lines("+QSSLOPEN: (1-16),(0-5),(0-11),<serveraddr>,(1-65535),(0-2)");
      return OK;
    }
    const request = call.kind === "write" ? parseOpen(call) : undefined;
    // Transparent mode is not played: refused, never half done.
    if (request === undefined || request.access === 2) return ERROR;
    const { id, host, port } = request;
    machine.emit({ type: "socket", kind: "tls", id, host, port, action: "open" });
    const refused = refuse(request);
    if (refused !== undefined) {
      machine.emit({ type: "socket", kind: "tls", id, host, port, action: "failed", ...refused });
      machine.after(0, () => opened(id, refused.code));
      return OK;
    }
    const entry = newStream({ streams: table }, { ...request, kind: "tls", service: "SSLClient" });
    table.entries.set(id, entry);
    contexts.set(id, request.context);
    // [H] The result comes behind OK, 2.0 s later in the log.
    machine.after(LATENCY.handshake, () => {
      if (entry.state === 1) connectTls(entry, request);
    });
    return OK;
  }

  function connectTls(entry: StreamEntry, request: OpenRequest): void {
    const { host, port } = request;
    const fail = (failure: Failure): void => {
      table.entries.delete(entry.id);
      table.failed(entry, failure);
      opened(entry.id, failure.code);
    };
    const prepared = prepare(config.context(request.context), files, host);
    if ("cause" in prepared) {
      fail(prepared);
      return;
    }
    entry.abort = dial(boot, host, port, (failure, dialled) => {
      if (failure !== undefined) return fail(failure);
      if (dialled === undefined) return;
      entry.address = dialled.address;
      entry.abort = handshake(boot, prepared, host, dialled.socket, (broken, socket, details) => {
        if (broken !== undefined) return fail(broken);
        if (socket === undefined) return;
        table.connected(entry, details);
        opened(entry.id, 0);
        table.attach(entry, socket);
      });
    });
  }

  function send(call: Call, io: Io): Result | Promise<Result> {
    if (call.kind === "test") {
      io.lines(`+QSSLSEND: (0-${MAX_ID}),(1-${MAX_SEND})`);
      return OK;
    }
    return call.kind === "write" ? table.send(table.find(call.args[0]), call.args[1], io, writeStream) : ERROR;
  }

  function receive(call: Call, io: Io): Result {
    if (call.kind === "test") {
      io.lines(`+QSSLRECV: (0-${MAX_ID}),(1-1500)`);
      return OK;
    }
    const entry = table.find(call.args[0]);
    const length = table.readLength(call.args[1]);
    if (call.kind !== "write" || entry === undefined || length === undefined || entry.access !== 0) return ERROR;
    if (length === 0) {
      if (!boot.quirks.tlsLengthQuery) return ERROR;
      io.lines(`+QSSLRECV: ${entry.inbox.total},${entry.inbox.taken},${entry.inbox.length}`);
      return OK;
    }
    const bytes = entry.inbox.read(length);
    if (bytes.length === 0) io.lines("+QSSLRECV: 0");
    else {
      table.tell(entry, "read", bytes.length);
      io.data(`+QSSLRECV: ${bytes.length}`, bytes);
    }
    return OK;
  }

  function state(call: Call, io: Io): Result {
    if (call.kind === "test") return OK;
    // [D] TinyGSM asks QSSLSTATE=1,<id>, the manual has QSSLSTATE=<id>.
    const id = call.kind === "write" ? table.id(call.args.length > 1 ? call.args[1] : call.args[0]) : undefined;
    if (call.kind === "write" && id === undefined) return ERROR;
    const wanted = [...table.entries.values()].filter((entry) => id === undefined || entry.id === id);
    io.lines(
      ...wanted.map(
        (e) =>
          // [H] Eleven fields; the local port is always 0, the eighth repeats the id.
          `+QSSLSTATE: ${e.id},"SSLClient","${e.address}",${e.port},0,${e.state},${e.cid},${e.id},${e.access},"uart1",${contexts.get(e.id) ?? 0}`,
      ),
    );
    return OK;
  }

  return {
    table,
    dispose: () => table.killAll(),
    commands: {
      "+QSSLCFG": (call, io) => config.command(call, io),
      "+QSSLOPEN": open,
      "+QSSLSEND": send,
      "+QSSLRECV": receive,
      "+QSSLCLOSE": (call) => (call.kind === "test" ? OK : table.close(table.id(call.args[0]), call.args[1])),
      "+QSSLSTATE": state,
    },
  };
}
