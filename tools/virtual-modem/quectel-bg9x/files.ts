/** The user file system: AT+QF*. Source: BG96 FILE AT Commands Manual V1.0 [D], NuModem reports [H]. */
import { type Commands, cme, type Io, OK, type Result } from "../answer.ts";
import { type Argument, type Call, integer, string } from "../v250-parse.ts";
import type { Boot, Part } from "./context.ts";
import { FILE_ERROR } from "./errors.ts";
import { createHandles } from "./file-handles.ts";
import { fileSums } from "./file-sums.ts";
import { LATENCY } from "./latency.ts";

/** [D] FILE manual. */
const MAX_NAME = 80;
/** [D] FILE manual: size and timeout of QFUPL when they are left out. */
const DEFAULT_SIZE = 10_240;
const DEFAULT_TIMEOUT_S = 5;
/** [D] FILE manual: in ACK mode the modem says `A` after each 1024 bytes. */
const ACK_BLOCK = 1024;

export interface FileStore {
  read(path: string): Buffer | undefined;
}

/** [H] XOR of 16-bit big-endian words, an odd last byte as the high half; no leading zeros. */
export function checksum(bytes: Buffer): string {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum ^= ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  return sum.toString(16);
}

/** The two drives of the family: UFS stays, RAM goes with the power. */
export class Drives {
  private readonly boot: Boot;
  private readonly ram = new Map<string, Buffer>();

  constructor(boot: Boot) {
    this.boot = boot;
  }

  locate(path: string): { map: Map<string, Buffer>; name: string; ram: boolean } | undefined {
    const match = /^(?:(UFS|RAM):)?(.*)$/is.exec(path);
    const name = match?.[2] ?? "";
    if (name === "" || path.length > MAX_NAME || /[^ -\xff]|["*?:<>|/\\]|^\.+$/.test(name)) return undefined;
    const ram = match?.[1]?.toUpperCase() === "RAM";
    return { map: ram ? this.ram : this.boot.files, name, ram };
  }

  read(path: string): Buffer | undefined {
    const place = this.locate(path);
    return place?.map.get(place.name);
  }

  get free(): number {
    const { ufsBytes, ufsBlock } = this.boot.model;
    let used = 0;
    for (const bytes of this.boot.files.values()) used += Math.ceil(bytes.length / ufsBlock) * ufsBlock;
    return Math.max(0, ufsBytes - used);
  }

  /** [name as listed, size] of what matches `*`, `UFS:*`, `RAM:*.pem`, a plain name. */
  list(pattern: string): [string, number][] {
    const match = /^(?:(UFS|RAM):)?(.*)$/is.exec(pattern);
    const ram = match?.[1]?.toUpperCase() === "RAM";
    const drive = ram ? "RAM:" : this.boot.quirks.listsDrive ? "UFS:" : "";
    const wanted = wildcard(match?.[2] ?? "");
    return [...(ram ? this.ram : this.boot.files)]
      .filter(([name]) => wanted(name))
      .map(([name, bytes]) => [drive + name, bytes.length]);
  }
}

/** `*` stands for any characters. Matched piece by piece: a pattern from the wire must not become a slow RegExp. */
function wildcard(pattern: string): (name: string) => boolean {
  const parts = pattern.split("*");
  return (name) => {
    const [first = ""] = parts;
    if (parts.length === 1) return name === first;
    const last = parts[parts.length - 1] ?? "";
    if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
    let at = first.length;
    for (const part of parts.slice(1, -1)) {
      const found = name.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at <= name.length - last.length;
  };
}

export function createFiles(boot: Boot): Part & { store: FileStore } {
  const { machine } = boot;
  const drives = new Drives(boot);
  const handles = createHandles(boot, drives);
  const name = (argument: Argument | undefined): string | undefined => {
    const text = string(argument, MAX_NAME);
    return text === undefined || drives.locate(text) === undefined ? undefined : text;
  };

  async function upload(call: Call, io: Io): Promise<Result> {
    const path = name(call.args[0]);
    const size = integer(call.args[1], 1, Number.MAX_SAFE_INTEGER, DEFAULT_SIZE);
    const timeoutS = integer(call.args[2], 1, 65_535, DEFAULT_TIMEOUT_S);
    const ackMode = integer(call.args[3], 0, 1, 0);
    const place = path === undefined ? undefined : drives.locate(path);
    if (place === undefined) return cme(FILE_ERROR.invalidName);
    if (size === undefined || timeoutS === undefined || ackMode === undefined) return cme(FILE_ERROR.invalidInput);
    if (place.map.has(place.name)) return cme(FILE_ERROR.exists);
    if (size > drives.free) return cme(FILE_ERROR.driveFull);
    io.open("CONNECT");
    let acked = 0;
    const lossy = machine.faults.current("file-timeout") !== undefined;
    const got = await machine.terminal.collect({
      // The fault: bytes are lost on the wire, so the modem waits for more than come.
      size: lossy ? size * 2 : size,
      echo: false,
      timeoutMs: timeoutS * 1000,
      // [D] FILE manual V1.1, 1.2 and note 2 of AT+QFUPL: what came is kept, and no count is told.
      escape: true,
      onProgress(total) {
        for (; ackMode === 1 && acked + ACK_BLOCK <= total; acked += ACK_BLOCK) io.raw(Buffer.from("A"));
      },
    });
    const bytes = lossy ? got.bytes.subarray(0, Math.floor(size / 2)) : got.bytes;
    place.map.set(place.name, Buffer.from(bytes));
    await machine.wait(LATENCY.file);
    if (got.end !== "complete") {
      // [H] The partial file stays.
      machine.emit({ type: "file", action: "partial", name: place.name, bytes: bytes.length });
      return got.end === "cancelled" ? OK : cme(FILE_ERROR.timeout);
    }
    machine.emit({ type: "file", action: "written", name: place.name, bytes: bytes.length });
    io.lines(`+QFUPL: ${bytes.length},${checksum(bytes)}`);
    return OK;
  }

  function download(call: Call, io: Io): Result {
    const path = name(call.args[0]);
    if (path === undefined) return cme(FILE_ERROR.invalidName);
    const bytes = drives.read(path);
    if (bytes === undefined) return cme(FILE_ERROR.notFound);
    machine.emit({ type: "file", action: "read", name: path, bytes: bytes.length });
    io.open("CONNECT", bytes);
    io.lines(`+QFDWL: ${bytes.length},${checksum(bytes)}`);
    return OK;
  }

  function list(call: Call, io: Io): Result {
    const pattern = string(call.args[0], MAX_NAME, "*");
    if (pattern === undefined) return cme(FILE_ERROR.invalidInput);
    const found = drives.list(pattern);
    // [R] A name that is not there is an error, an empty drive is not.
    if (found.length === 0 && !pattern.includes("*")) return cme(FILE_ERROR.notFound);
    io.lines(...found.map(([path, size]) => `+QFLST: "${path}",${size}`));
    return OK;
  }

  async function remove(call: Call): Promise<Result> {
    const pattern = string(call.args[0], MAX_NAME);
    if (pattern === undefined || pattern === "") return cme(FILE_ERROR.invalidInput);
    const drive = /^(?:UFS|RAM):/i.exec(pattern)?.[0] ?? "";
    const found = drives.list(pattern).map(([path]) => drive + path.replace(/^(?:UFS|RAM):/, ""));
    if (found.length === 0 && !pattern.endsWith("*")) return cme(FILE_ERROR.notFound);
    await machine.wait(LATENCY.file);
    for (const path of found) {
      const place = drives.locate(path);
      if (place === undefined) continue;
      const bytes = place.map.get(place.name)?.length ?? 0;
      place.map.delete(place.name);
      machine.emit({ type: "file", action: "deleted", name: place.name, bytes });
    }
    return OK;
  }

  function sums(call: Call, io: Io): Result {
    const path = name(call.args[0]);
    const place = path === undefined ? undefined : drives.locate(path);
    if (place === undefined) return cme(FILE_ERROR.invalidName);
    const bytes = place.ram ? undefined : place.map.get(place.name);
    if (bytes === undefined) return cme(FILE_ERROR.notFound);
    const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");
    const { crc32, crc16, ccitt } = fileSums(bytes);
    // [D] An empty file has three zeros; [R] hexadecimal, as the checksum of an upload.
    const shown = [hex(crc32, 8), hex(crc16, 4), hex(ccitt, 4)].join(",");
    io.lines(`+QFCRC: ${bytes.length === 0 ? "0,0,0" : shown}`);
    return OK;
  }

  async function copy(call: Call): Promise<Result> {
    const [from, to] = [name(call.args[0]), name(call.args[1])];
    const overwrite = integer(call.args[2], 0, 1, 0);
    const [source, target] = [from, to].map((path) => (path === undefined ? undefined : drives.locate(path)));
    if (source === undefined || target === undefined) return cme(FILE_ERROR.invalidName);
    if (overwrite === undefined || source.ram || target.ram) return cme(FILE_ERROR.invalidInput);
    const bytes = source.map.get(source.name);
    if (bytes === undefined) return cme(FILE_ERROR.notFound);
    // [D] The same name is an error, and so is a name that is taken, unless told to overwrite.
    const taken = target.map.has(target.name);
    if (source.name === target.name || (taken && overwrite === 0)) return cme(FILE_ERROR.exists);
    if (bytes.length > drives.free) return cme(FILE_ERROR.driveFull);
    await machine.wait(LATENCY.file);
    target.map.set(target.name, Buffer.from(bytes));
    machine.emit({ type: "file", action: "written", name: target.name, bytes: bytes.length });
    return OK;
  }

  function space(call: Call, io: Io): Result {
    const { ufsBytes } = boot.model;
    if (call.kind === "execute") {
      io.lines(`+QFLDS: ${ufsBytes - drives.free},${boot.files.size}`);
      return OK;
    }
    const drive = string(call.args[0], 10);
    if (drive?.toUpperCase().replace(":", "") !== "UFS") return cme(FILE_ERROR.invalidInput);
    io.lines(`+QFLDS: ${drives.free},${ufsBytes}`);
    return OK;
  }

  const test =
    (answer: string, handler: (call: Call, io: Io) => Result | Promise<Result>) =>
    (call: Call, io: Io): Result | Promise<Result> => {
      if (call.kind !== "test") return handler(call, io);
      io.lines(answer);
      return OK;
    };

  const commands: Commands = {
    "+QFUPL": test("+QFUPL: <filename>[,(1-<freesize>)[,(1-65535)[,(0,1)]]]", upload),
    "+QFDWL": test("+QFDWL: <filename>", download),
    "+QFLST": test("+QFLST: <filename>", list),
    "+QFDEL": test("+QFDEL: <filename>", remove),
    "+QFLDS": test("+QFLDS: <name_pattern>", space),
    "+QFCRC": test("+QFCRC: <filename>", sums),
    "+QFCPY": test("+QFCPY: <src_file>,<dest_file>[,<enable>]", copy),
    ...handles.commands,
  };
  return { commands, store: { read: (path) => drives.read(path) } };
}
