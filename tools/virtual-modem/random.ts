/** A small seeded generator (mulberry32), so that a fault with random bytes can be repeated. */
export interface Random {
  /** An integer from 0 to `below` - 1. */
  integer(below: number): number;
  bytes(count: number): Buffer;
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
  const integer = (below: number): number => Math.floor(next() * below);
  return {
    integer,
    bytes: (count) => Buffer.from(Array.from({ length: count }, () => integer(256))),
  };
}
