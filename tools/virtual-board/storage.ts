import { collectBytes, fromBinary, toBinary } from "./bytes.ts";
import { PAGE_BYTES } from "./profile.ts";
import { BoardError, type Native, type Realm, RealmThrow } from "./realm.ts";

/** sizeof(JsfFileHeader): size and 28 characters of name. */
const HEADER_BYTES = 32;
const NAME_CHARS = 28;
/** A page erase of the nRF52840 takes 85 ms (Product Specification, NVMC, t_ERASEPAGE). */
const ERASE_MS = 85;
const ERASED = 0xff;

const align = (bytes: number): number => (bytes + 3) & ~3;
const footprint = (bytes: number): number => HEADER_BYTES + align(bytes);

/** Files in flash as the map that the user gave holds them; deleted ones still take room until compaction. */
export interface StorageState {
  readonly files: Map<string, string>;
  trashBytes: number;
  trashCount: number;
}

export const createStorageState = (files: Map<string, string>): StorageState => ({
  files,
  trashBytes: 0,
  trashCount: 0,
});

/** jsfNameFromVar and jsfStripDriveFromName: 28 characters, no drive letter. */
export function fileName(name: unknown): string {
  const text = typeof name === "string" ? name : String(name);
  const plain = /^[a-zA-Z]:/.test(text) ? text.slice(2) : text;
  return plain.slice(0, NAME_CHARS);
}

/** `require("Storage")`: rules and error texts of jsflash.c, without its page layout. */
export class Storage {
  readonly totalBytes: number;
  /** How often Storage was compacted since the board was made: each is a window in which power loss is fatal. */
  compactions = 0;

  readonly state: StorageState;
  private readonly stall: (ms: number) => void;

  constructor(state: StorageState, pages: number, stall: (ms: number) => void) {
    this.state = state;
    this.stall = stall;
    this.totalBytes = pages * PAGE_BYTES;
  }

  get fileBytes(): number {
    let sum = 0;
    for (const data of this.state.files.values()) sum += footprint(data.length);
    return sum;
  }

  get freeBytes(): number {
    return this.totalBytes - this.fileBytes - this.state.trashBytes;
  }

  read(name: string): string | undefined {
    return this.state.files.get(name);
  }

  erase(name: string): boolean {
    const data = this.state.files.get(name);
    if (data === undefined) return false;
    this.state.files.delete(name);
    this.state.trashBytes += footprint(data.length);
    this.state.trashCount++;
    return true;
  }

  eraseAll(): void {
    this.state.files.clear();
    this.state.trashBytes = 0;
    this.state.trashCount = 0;
    this.stall((ERASE_MS * this.totalBytes) / PAGE_BYTES);
  }

  compact(): void {
    if (this.state.trashBytes === 0) return;
    this.state.trashBytes = 0;
    this.state.trashCount = 0;
    this.compactions++;
    this.stall((ERASE_MS * this.totalBytes) / PAGE_BYTES);
  }

  /** jsfWriteFile. */
  write(name: string, data: string, offset: number, givenSize: number): boolean {
    if (offset < 0 || givenSize < 0) return false;
    const size = givenSize === 0 ? data.length : givenSize;
    if (size === 0) throw new BoardError("Can't create zero length file");
    if (name === "") {
      // A header whose name begins with zero is a deleted file: written, and gone.
      this.state.trashBytes += footprint(size);
      this.state.trashCount++;
      return true;
    }
    let present = this.state.files.get(name);
    if (offset === 0) {
      if (present === data && size === data.length) return true;
      const usable = present !== undefined && present.length === size && isErased(present);
      if (!usable) {
        if (present !== undefined) this.erase(name);
        present = this.create(name, size);
      }
    }
    if (present === undefined) throw new BoardError("Unable to find or create file");
    if (offset + data.length > present.length) throw new BoardError("Too much data for file size");
    if (!isErased(present.slice(offset, offset + data.length))) {
      throw new BoardError("File already written with different data");
    }
    this.state.files.set(name, present.slice(0, offset) + data + present.slice(offset + data.length));
    return true;
  }

  private create(name: string, size: number): string {
    const needed = footprint(size);
    if (needed > this.freeBytes) {
      if (needed >= this.freeBytes + this.state.trashBytes) throw new BoardError("Unable to find or create file");
      this.compact();
    }
    const blank = String.fromCharCode(ERASED).repeat(size);
    this.state.files.set(name, blank);
    return blank;
  }
}

function isErased(data: string): boolean {
  for (let i = 0; i < data.length; i++) if (data.charCodeAt(i) !== ERASED) return false;
  return true;
}

export interface JsonTools {
  stringify(value: unknown): string | undefined;
  parse(text: string): unknown;
}

const toInt = (value: unknown): number => Math.trunc(Number(value)) || 0;

/** The object that `require("Storage")` returns. */
export function storageModule(realm: Realm, storage: Storage, json: JsonTools): Readonly<Record<string, Native>> {
  const stored = (data: unknown): string => {
    if (typeof data === "string") return toBinary(fromBinary(data));
    if (data === undefined) throw new BoardError("Can't get pointer to data to write");
    return toBinary(Uint8Array.from(collectBytes(realm, data)));
  };
  const isPlain = (data: unknown): boolean =>
    realm.isObject(data) && !Array.isArray(data) && !realm.isView(data) && !realm.isArrayBuffer(data);
  const readSlice = (name: unknown, offset: unknown, length: unknown): string | undefined => {
    const data = storage.read(fileName(name));
    if (data === undefined) return undefined;
    const from = Math.min(Math.max(0, toInt(offset)), data.length);
    const count = toInt(length) <= 0 ? data.length : toInt(length);
    return data.slice(from, from + count);
  };
  return {
    read: ([name, offset, length]) => readSlice(name, offset, length),
    readJSON([name, noExceptions]) {
      const text = readSlice(name, 0, 0);
      if (text === undefined) return undefined;
      try {
        return json.parse(text);
      } catch (error) {
        if (noExceptions) return undefined;
        throw error;
      }
    },
    readArrayBuffer([name]) {
      const data = readSlice(name, 0, 0);
      return data === undefined ? undefined : realm.arrayBuffer(fromBinary(data));
    },
    write([name, data, offset, size]) {
      if (isPlain(data)) return storage.write(fileName(name), json.stringify(data) ?? "", 0, 0);
      return storage.write(fileName(name), stored(data), toInt(offset), toInt(size));
    },
    writeJSON: ([name, data]) => storage.write(fileName(name), json.stringify(data) ?? "", 0, 0),
    erase: ([name]) => void storage.erase(fileName(name)),
    eraseAll: () => storage.eraseAll(),
    compact: () => storage.compact(),
    list([pattern, filter]) {
      const names = [...storage.state.files.keys()].filter((name) => matchesFilter(name, filter, realm));
      return realm.array(pattern === undefined ? names : names.filter((name) => matches(realm, pattern, name)));
    },
    getFree: () => storage.freeBytes,
    getStats: () =>
      realm.object({
        totalBytes: storage.totalBytes,
        freeBytes: storage.freeBytes,
        fileBytes: storage.fileBytes,
        fileCount: storage.state.files.size,
        trashBytes: storage.state.trashBytes,
        trashCount: storage.state.trashCount,
      }),
    optimise: () => undefined,
    open: ([name, mode]) => openFile(realm, storage, String(name), mode),
  };
}

function matches(realm: Realm, pattern: unknown, name: string): boolean {
  const test = (pattern as { test?: unknown }).test;
  if (!realm.isFunction(test)) return name.includes(String(pattern));
  const outcome = realm.attempt(test, pattern, [name]);
  if (outcome[0] !== 0) throw new RealmThrow(outcome[1]);
  return outcome[1] === true;
}

const CHUNK_BYTES = 4064;
const LAST_CHUNK = 255;
const isChunk = (name: string): boolean => {
  const last = name.charCodeAt(name.length - 1);
  return last >= 1 && last < 32;
};

function matchesFilter(name: string, filter: unknown, realm: Realm): boolean {
  if (!realm.isObject(filter) || filter.sf === undefined) return true;
  return Boolean(filter.sf) === isChunk(name);
}

/** StorageFile: text appended in files of 4,064 bytes that end at the first 0xFF. */
function openFile(realm: Realm, storage: Storage, name: string, mode: unknown): object {
  if (mode !== "r" && mode !== "w" && mode !== "a") throw new BoardError(`Invalid mode ${JSON.stringify(mode)}`);
  const chunkName = (chunk: number): string => name.slice(0, NAME_CHARS - 1) + String.fromCharCode(chunk);
  const content = (chunk: number): string | undefined => {
    const data = storage.read(chunkName(chunk));
    const end = data?.indexOf("\xff") ?? -1;
    return end < 0 ? data : data?.slice(0, end);
  };
  const whole = (): string => {
    let text = "";
    for (let chunk = 1; chunk <= LAST_CHUNK; chunk++) {
      const part = content(chunk);
      if (part === undefined) break;
      text += part;
    }
    return text;
  };
  const erase = (): void => {
    for (let chunk = 1; chunk <= LAST_CHUNK && storage.erase(chunkName(chunk)); chunk++);
  };
  if (mode === "w") erase();
  let position = 0;
  const append = (text: string): void => {
    let rest = text;
    for (let chunk = 1; rest !== "" && chunk <= LAST_CHUNK; chunk++) {
      const present = content(chunk);
      const used = present?.length ?? 0;
      const part = rest.slice(0, CHUNK_BYTES - used);
      if (part === "") continue;
      storage.write(chunkName(chunk), part, used, present === undefined ? CHUNK_BYTES : 0);
      rest = rest.slice(part.length);
    }
  };
  const take = (length: number): string | undefined => {
    if (mode !== "r") throw new BoardError("Can't read in this mode");
    const text = whole().slice(position, position + length);
    position += text.length;
    return text === "" ? undefined : text;
  };
  const file = realm.object();
  realm.defineNatives(file, {
    read: ([length]) => take(toInt(length)),
    readLine: () => take((whole().indexOf("\n", position) + 1 || Number.MAX_SAFE_INTEGER) - position),
    write([data]) {
      if (mode === "r") throw new BoardError("Can't write in this mode");
      append(toBinary(Uint8Array.from(collectBytes(realm, data))));
    },
    getLength: () => whole().length,
    erase,
  });
  return file;
}
