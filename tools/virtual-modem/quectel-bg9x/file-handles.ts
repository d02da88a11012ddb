/** Open files: AT+QFOPEN and what works on its handle. Source: BG96 FILE AT Commands Manual V1.0 [D]. */
import { type Commands, cme, type Handler, type Io, OK, type Result } from "../answer.ts";
import { type Call, integer, string } from "../v250-parse.ts";
import type { Boot, Part } from "./context.ts";
import { FILE_ERROR } from "./errors.ts";
import type { Drives } from "./files.ts";

/** [R] The manual only names the error for too many. */
const MAX_OPEN = 10;
/** [R] Most that one QFREAD or QFWRITE moves. */
const MAX_TRANSFER = 10_240;

interface Open {
  readonly path: string;
  readonly map: Map<string, Buffer>;
  readonly name: string;
  readonly mode: number;
  position: number;
}

/** [D] FILE manual V1.1, 2.7 to 2.12: what the test commands say. */
const FORMS: Readonly<Record<string, string>> = {
  "+QFREAD": "<filehandle>[,<length>]",
  "+QFWRITE": "<filehandle>[,<length>[,<timeout>]]",
  "+QFSEEK": "<filehandle>,<offset>[,<position>]",
  "+QFPOSITION": "<filehandle>",
  "+QFTUCAT": "<filehandle>",
  "+QFCLOSE": "<filehandle>",
};

/** With the answer to its test command in front of each. */
function withForms(commands: Commands): Commands {
  return Object.fromEntries(
    Object.entries(commands).map(([name, handle]): [string, Handler] => {
      const form = FORMS[name];
      if (form === undefined) return [name, handle];
      return [
        name,
        (call, io) => {
          if (call.kind !== "test") return handle(call, io);
          io.lines(`${name}: ${form}`);
          return OK;
        },
      ];
    }),
  );
}

export function createHandles(boot: Boot, drives: Drives): Part {
  const open = new Map<number, Open>();
  // [D] FILE manual V1.1, 3.2: the first handle of the example is 0.
  let next = 0;

  function openFile(call: Call, io: Io): Result {
    if (call.kind === "read") {
      io.lines(...[...open].map(([handle, file]) => `+QFOPEN: "${file.path}",${handle},${file.mode}`));
      return OK;
    }
    const path = string(call.args[0], 80);
    const mode = integer(call.args[1], 0, 2, 0);
    const place = path === undefined ? undefined : drives.locate(path);
    if (path === undefined || place === undefined) return cme(FILE_ERROR.invalidName);
    if (mode === undefined) return cme(FILE_ERROR.invalidParameter);
    if (open.size >= MAX_OPEN) return cme(FILE_ERROR.tooManyOpen);
    if ([...open.values()].some((file) => file.map === place.map && file.name === place.name)) {
      return cme(FILE_ERROR.alreadyOpen);
    }
    const exists = place.map.has(place.name);
    // [D] 0 = open or create, 1 = overwrite, 2 = read only and it must exist.
    if (mode === 2 && !exists) return cme(FILE_ERROR.notFound);
    if (mode === 1 || !exists) place.map.set(place.name, Buffer.alloc(0));
    const handle = next++;
    open.set(handle, { path, map: place.map, name: place.name, mode, position: 0 });
    io.lines(`+QFOPEN: ${handle}`);
    return OK;
  }

  const file = (call: Call): Open | undefined => {
    const handle = integer(call.args[0], 0, Number.MAX_SAFE_INTEGER);
    return handle === undefined ? undefined : open.get(handle);
  };
  const content = (entry: Open): Buffer => entry.map.get(entry.name) ?? Buffer.alloc(0);

  function read(call: Call, io: Io): Result {
    const entry = file(call);
    const length = integer(call.args[1], 1, MAX_TRANSFER, MAX_TRANSFER);
    if (entry === undefined) return cme(FILE_ERROR.invalidHandle);
    if (length === undefined) return cme(FILE_ERROR.invalidParameter);
    const bytes = content(entry).subarray(entry.position, entry.position + length);
    entry.position += bytes.length;
    io.open(`CONNECT ${bytes.length}`, bytes);
    return OK;
  }

  async function write(call: Call, io: Io): Promise<Result> {
    const entry = file(call);
    const length = integer(call.args[1], 1, MAX_TRANSFER, MAX_TRANSFER);
    const timeoutS = integer(call.args[2], 1, 65_535, 5);
    if (entry === undefined) return cme(FILE_ERROR.invalidHandle);
    if (length === undefined || timeoutS === undefined) return cme(FILE_ERROR.invalidParameter);
    if (entry.mode === 2) return cme(FILE_ERROR.readOnly);
    if (length > drives.free) return cme(FILE_ERROR.driveFull);
    io.open("CONNECT");
    const got = await io.collect({ size: length, echo: false, timeoutMs: timeoutS * 1000, escape: true });
    const before = content(entry);
    const after = Buffer.concat([
      before.subarray(0, entry.position),
      got.bytes,
      before.subarray(entry.position + got.bytes.length),
    ]);
    entry.map.set(entry.name, after);
    entry.position += got.bytes.length;
    boot.machine.emit({ type: "file", action: "written", name: entry.name, bytes: got.bytes.length });
    // [D] FILE manual V1.1, 1.2: `+++` interrupts before the response; 2.8: a time-out ends the write as a full count.
    if (got.end === "cancelled") return OK;
    io.lines(`+QFWRITE: ${got.bytes.length},${after.length}`);
    return OK;
  }

  function seek(call: Call): Result {
    const entry = file(call);
    const offset = integer(call.args[1], -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    const from = integer(call.args[2], 0, 2, 0);
    if (entry === undefined) return cme(FILE_ERROR.invalidHandle);
    if (offset === undefined || from === undefined) return cme(FILE_ERROR.invalidParameter);
    const size = content(entry).length;
    const position = offset + (from === 0 ? 0 : from === 1 ? entry.position : size);
    if (position < 0) return cme(FILE_ERROR.invalidParameter);
    if (position > size) return cme(FILE_ERROR.beyondEnd);
    entry.position = position;
    return OK;
  }

  return {
    commands: withForms({
      "+QFOPEN": openFile,
      "+QFREAD": read,
      "+QFWRITE": write,
      "+QFSEEK": seek,
      "+QFPOSITION": (call, io) => {
        const entry = file(call);
        if (entry === undefined) return cme(FILE_ERROR.invalidHandle);
        io.lines(`+QFPOSITION: ${entry.position}`);
        return OK;
      },
      "+QFTUCAT": (call) => {
        const entry = file(call);
        if (entry === undefined) return cme(FILE_ERROR.invalidHandle);
        if (entry.mode === 2) return cme(FILE_ERROR.readOnly);
        entry.map.set(entry.name, content(entry).subarray(0, entry.position));
        boot.machine.emit({ type: "file", action: "written", name: entry.name, bytes: entry.position });
        return OK;
      },
      "+QFCLOSE": (call) => {
        const handle = integer(call.args[0], 0, Number.MAX_SAFE_INTEGER);
        return handle !== undefined && open.delete(handle) ? OK : cme(FILE_ERROR.invalidHandle);
      },
    }),
  };
}
