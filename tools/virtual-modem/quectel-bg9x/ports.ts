/** A receive buffer of a socket: bounded, with back-pressure, and the "recv" URC told once until it is empty. */

/** [R] Bytes a socket holds for the host before the peer is stopped; the manuals give no number. */
export const RECEIVE_BUFFER = 10 * 1024;
/** [D] QIRD and QSSLRECV: at most 1500 bytes a read, QISEND and QSSLSEND at most 1460 a send. */
export const MAX_READ = 1500;
export const MAX_SEND = 1460;
/** [R] Bytes not yet taken by the peer before a send fails. */
export const SEND_BUFFER = 16 * 1024;
/** [D] connectID and clientID 0 to 11. */
export const MAX_ID = 11;

export interface Inbox {
  push(bytes: Buffer): void;
  read(most: number): Buffer;
  readonly length: number;
  readonly total: number;
  readonly taken: number;
}

export function createInbox(ports: { announce(): void; pause(): void; resume(): void }): Inbox {
  let chunks: Buffer[] = [];
  let length = 0;
  let total = 0;
  let announced = false;
  let paused = false;
  return {
    push(bytes) {
      chunks.push(bytes);
      length += bytes.length;
      total += bytes.length;
      if (!paused && length >= RECEIVE_BUFFER) {
        paused = true;
        ports.pause();
      }
      // [D] BG95 TCP/IP note: no new URC until everything was read.
      if (!announced) {
        announced = true;
        ports.announce();
      }
    },
    read(most) {
      const all = Buffer.concat(chunks);
      const part = all.subarray(0, most);
      chunks = part.length < all.length ? [all.subarray(part.length)] : [];
      length -= part.length;
      if (length === 0) announced = false;
      if (paused && length < RECEIVE_BUFFER / 2) {
        paused = false;
        ports.resume();
      }
      return part;
    },
    get length() {
      return length;
    },
    get total() {
      return total;
    },
    get taken() {
      return total - length;
    },
  };
}
