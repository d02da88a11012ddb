/** The store on flash that the test can cut, wear out and look into, and what it ought to remember. */
import type * as OutboxModule from "../../modules/mqtt/outbox.ts";
import { createManualClock } from "../../tools/clock.ts";
import { findProfile } from "../../tools/virtual-board/boards/index.ts";
import { FlashMemory } from "../../tools/virtual-board/flash.ts";
import { loadModule } from "../../tools/virtual-board/load-module.ts";

export const PAGE = 4096;
export type Outbox = OutboxModule.Outbox;

/** `[id, what]` of one `put`. */
export type Put = readonly [string, string];
/** What `load` gives, with the whole PUBLISH. */
export type Entry = [id: string, kind: string, whole: string];

export interface OutboxRig {
  flash: FlashMemory;
  /** What a boot makes of the flash as it is. */
  open(pages: number): Outbox;
  /** Where the ring begins. */
  base(pages: number): number;
}

export async function loadOutbox(flash: FlashMemory = new FlashMemory()): Promise<OutboxRig> {
  const { createOutbox } = await loadModule<typeof OutboxModule>("modules/mqtt/outbox.ts", {
    flash,
    clock: createManualClock(),
  });
  // Where the board would be off, everything stays in this one realm.
  flash.onPowerCut = () => {};
  const { address, length } = findProfile("rak5010").freeFlash;
  return {
    flash,
    open(pages) {
      const outbox = createOutbox(pages, 0);
      if (!outbox) throw new Error(`no outbox of ${pages} pages`);
      return outbox;
    },
    base: (pages) => address + length - pages * PAGE,
  };
}

export function entries(outbox: Outbox): Entry[] {
  const list: Entry[] = [];
  outbox.load((id, kind) => {
    list.push([id, kind, kind === "b" || kind === "P" ? "" : outbox.read(id)]);
  });
  return list;
}

/** PUBRELs, then the others, in the order of the last word about each. */
export class Expected {
  private readonly known = new Map<string, Entry>();

  put(id: string, what: string): void {
    const kind = what.slice(0, 1);
    const key = kind === "P" || kind === "p" ? `P${id}` : id;
    this.known.delete(key);
    if (kind && kind !== "p") this.known.set(key, [id, kind, what.length > 1 ? what : ""]);
  }

  get entries(): Entry[] {
    const all = [...this.known.values()];
    return all.filter(([, kind]) => kind === "b").concat(all.filter(([, kind]) => kind !== "b"));
  }

  copy(): Expected {
    const other = new Expected();
    for (const [key, entry] of this.known) other.known.set(key, entry);
    return other;
  }
}

export const idText = (id: number): string => String.fromCharCode(id >> 8, id & 255);
/** A PUBLISH as far as the store cares; each is another one. */
export const publishText = (qos: 1 | 2, length: number, number = 0): string =>
  `${qos === 1 ? "2" : "4"}${number}|`.padEnd(length, String.fromCharCode(33 + (number % 90)));

/** What a client puts, at random: messages, their QoS 2 states, incoming QoS 2, ends; few of them open at a time. */
export function randomPuts(random: () => number, count: number, size: () => number, open = 12): Put[] {
  const puts: Put[] = [];
  const outgoing: { id: string; qos: 1 | 2; isReleased: boolean }[] = [];
  const incoming: string[] = [];
  const pick = <T>(list: T[]): number => Math.floor(random() * list.length);
  for (let number = 1; puts.length < count; number++) {
    const choice = random();
    if (choice < 0.4 && outgoing.length < open) {
      const qos = random() < 0.5 ? 1 : 2;
      const id = idText(1 + (number % 9999));
      outgoing.push({ id, qos, isReleased: false });
      puts.push([id, publishText(qos, size(), number)]);
    } else if (choice < 0.5) {
      const id = idText(1 + Math.floor(random() * 40));
      if (incoming.includes(id)) continue;
      incoming.push(id);
      puts.push([id, "P"]);
    } else if (choice < 0.6 && incoming.length > 0) {
      puts.push([incoming.splice(pick(incoming), 1)[0] as string, "p"]);
    } else if (outgoing.length > 0) {
      const at = pick(outgoing);
      const one = outgoing[at] as (typeof outgoing)[number];
      if (one.qos === 2 && !one.isReleased) {
        one.isReleased = true;
        puts.push([one.id, "b"]);
      } else {
        outgoing.splice(at, 1);
        puts.push([one.id, ""]);
      }
    }
  }
  return puts;
}

/** The ring's pages as they were worn, those never touched too. */
export function erases(rig: OutboxRig, pages: number): number[] {
  const wear = new Map(rig.flash.wear().map(({ address, erases: count }) => [address, count]));
  return Array.from({ length: pages }, (_, i) => wear.get(rig.base(pages) + i * PAGE) ?? 0);
}
