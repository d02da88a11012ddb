import { failure } from "../../failure.ts";
import { view } from "../bytes.ts";
import { decodePacket, refuseFirst } from "./decode.ts";
import type { NamedPacket, Refusal } from "./named.ts";
import type { Reader } from "./reader.ts";
import { MALFORMED, type Side, TOO_LARGE } from "./rules.ts";

/**
 * MQTT 3.1.1 and MQTT 5, both sides and every Control Packet, by name: for brokers, tests and tools. It shares nothing with
 * the client's packets but bytes and texts, so that each can be held against the other. The firmware imports nothing of it.
 *
 * It knows one packet at a time. What depends on an earlier one is for who uses it: CONNECT first and once, a Topic Alias
 * that is known and not above its maximum, Receive Maximum, a session expiry that was 0.
 */

export { encode } from "./encode.ts";
export type * from "./named.ts";

/** Where the packet at the front ends, 0 when that is not known yet, or the reason to refuse it, below 0. */
const measure = (data: Uint8Array, maxPacket: number, five: boolean, side: Side): number => {
  let at = 1;
  let length = 0;
  let factor = 1;
  let byte = 128;
  const reason = refuseFirst(data[0] as number, five, side);
  if (reason) return -reason;
  while (byte > 127) {
    if (at === data.length) return 0;
    byte = data[at++] as number;
    length += (byte & 127) * factor;
    if (byte > 127 && at > 4) return -MALFORMED;
    // Without a word of 3.1.1 about it [MQTT-1.5.5-1].
    if (five && !byte && at > 2) return -MALFORMED;
    factor *= 128;
  }
  return at + length > maxPacket ? -TOO_LARGE : at + length;
};

const bodyOf = (data: Uint8Array): number => {
  let at = 1;
  while ((data[at] as number) > 127) at++;
  return at + 1;
};

/**
 * A decoder for what `side` sends, of MQTT 3.1.1, or 5 where `version` says so; a CONNECT says so itself. `give` gets each
 * packet. It returns what ends the stream, then and ever after; it keeps less than `maxPacket` bytes.
 */
export function createParser(
  side: Side,
  give: (packet: NamedPacket) => void,
  maxPacket: number,
  version?: number,
): (chunk: string) => Refusal | undefined {
  let five = version === 5;
  let rest = "";
  let needed = 2;
  let failed: Refusal | undefined;

  const refuse = (first: number, reason: number) => {
    const code = reason === TOO_LARGE ? "MQTT_TOO_LARGE" : "MQTT_PROTOCOL";
    failed = Object.assign(failure(code, first), { reasonCode: reason });
    rest = "";
  };

  return (chunk) => {
    if (failed) return failed;
    rest += chunk;
    if (rest.length < needed) return undefined;
    const text = rest;
    const data = view(text);
    let at = 0;
    needed = 2;
    while (at + 1 < text.length) {
      const first = data[at] as number;
      const front = data.subarray(at);
      const size = measure(front, maxPacket, five, side);
      if (size < 0) {
        refuse(first, -size);
        return failed;
      }
      if (!size || at + size > text.length) {
        needed = size || front.length + 1;
        break;
      }
      const reader: Reader = { data, text, at: at + bodyOf(front), end: at + size, reason: 0 };
      const packet = decodePacket(reader, five, side, first);
      if (reader.reason) {
        refuse(first, reader.reason);
        return failed;
      }
      if (packet.cmd === "connect") five = packet.protocolVersion === 5;
      give(packet);
      at += size;
    }
    rest = text.slice(at);
    return undefined;
  };
}
