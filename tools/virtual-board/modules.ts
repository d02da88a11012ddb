import type { BoardProfile } from "./profile.ts";
import { BoardError, type Native, type Realm, type RealmObject, RealmThrow } from "./realm.ts";
import type { Storage } from "./storage.ts";

/** Built into every nRF52840 build; beside Storage and Flash they are named here but not simulated. */
const BUILT_IN = ["timer", "heatshrink", "net", "dgram", "http"];

/** What `require` finds: natives, modules that were cached, and files in Storage of that name. */
export class ModuleTable {
  private readonly cache = new Map<string, unknown>();
  /** Natives that were asked for: they count as cached. */
  private readonly required = new Set<string>();
  private readonly natives = new Map<string, RealmObject>();

  private readonly realm: Realm;
  private readonly storage: Storage;
  private readonly profile: BoardProfile;

  constructor(realm: Realm, storage: Storage, profile: BoardProfile) {
    this.realm = realm;
    this.storage = storage;
    this.profile = profile;
    this.install();
  }

  add(name: string, natives: Readonly<Record<string, Native>>): void {
    const library = this.realm.object();
    this.realm.defineNatives(library, natives);
    this.natives.set(name, library);
  }

  get names(): string[] {
    return [...this.natives.keys(), ...BUILT_IN, ...this.profile.libraries];
  }

  get builtIn(): object[] {
    return [...this.natives.values()];
  }

  get cached(): unknown[] {
    return [...this.cache.values()];
  }

  require(name: string): unknown {
    const native = this.natives.get(name);
    if (native !== undefined) this.required.add(name);
    const found = native ?? this.cache.get(name);
    if (found !== undefined) return found;
    if (BUILT_IN.includes(name) || this.profile.libraries.includes(name)) {
      throw new BoardError(`virtual board: module "${name}" is not simulated`);
    }
    const code = this.storage.read(name.slice(0, 28));
    if (code === undefined) throw new BoardError(`Module "${name}" not found`);
    return this.load(name, code);
  }

  private load(name: string, code: string): unknown {
    const { realm } = this;
    const wrapped = realm.attemptEvaluate(`(function (exports, module) {${code}\n})`, name);
    if (wrapped[0] !== 0) throw new RealmThrow(wrapped[1]);
    const module = realm.object({ exports: realm.object() });
    realm.call(wrapped[1] as (...args: unknown[]) => unknown, module.exports, [module.exports, module]);
    this.cache.set(name, module.exports);
    return module.exports;
  }

  private install(): void {
    const { realm } = this;
    const modules = realm.object();
    realm.defineNatives(modules, {
      addCached: ([name, code]) =>
        void (realm.isFunction(code) ? this.addFunction(String(name), code) : this.load(String(name), String(code))),
      getCached: () => realm.array([...this.required, ...this.cache.keys()]),
      removeCached: ([name]) => void this.cache.delete(String(name)),
      removeAllCached: () => this.cache.clear(),
    });
    realm.define(realm.global, "Modules", modules);
  }

  private addFunction(name: string, code: (...args: unknown[]) => unknown): void {
    // The interpreter runs the function's text with `exports` and `module` in scope.
    this.load(name, `(${Function.prototype.toString.call(code)}).call(exports);`);
  }
}
