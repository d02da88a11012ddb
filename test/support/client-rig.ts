/** A client of the device with a scripted broker, for tests that move time themselves. */
import assert from "node:assert/strict";
import type { Client, ClientOptions } from "../../modules/mqtt/client.ts";
import { toHost } from "../../tools/virtual-board/load-module.ts";
import type { Codec, Device, NamedPacket } from "./mqtt.ts";
import { Wire } from "./wire.ts";

export type Event = [string, ...unknown[]];

export interface ClientRig {
  client: Client;
  events: Event[];
}

export const failure = (code: string, cause?: number | string) => ({ code, cause, command: undefined });
export const idOf = (packet: NamedPacket | undefined): number => (packet as { messageId: number }).messageId;

export function createRig(device: Device, options: ClientOptions = { clientId: "dev" }): ClientRig {
  const client = device.createClient(options);
  const events: Event[] = [];
  client.on("connect", (packet) => events.push(["connect", toHost(packet)]));
  client.on("message", (topic, payload, packet) => events.push(["message", topic, payload, toHost(packet)]));
  client.on("error", (error) => events.push(["error", toHost(error)]));
  client.on("close", (error) => events.push(["close", toHost(error)]));
  return { client, events };
}

/** A new transport on which the broker has accepted the client. */
export async function attachTo(device: Device, codec: Codec, client: Client, sessionPresent = false): Promise<Wire> {
  const wire = new Wire(codec);
  client.attach(wire);
  await device.settle();
  assert.equal(wire.one().cmd, "connect");
  wire.give({ cmd: "connack", sessionPresent, returnCode: 0 });
  await device.settle();
  return wire;
}

export async function connectedRig(
  device: Device,
  codec: Codec,
  options?: ClientOptions,
): Promise<ClientRig & { wire: Wire }> {
  const rig = createRig(device, options);
  const wire = await attachTo(device, codec, rig.client);
  rig.events.splice(0);
  return { ...rig, wire };
}

/** Collects what callbacks were told. */
export function outcomes(): { list: unknown[]; as: (name: string) => (error?: unknown, value?: unknown) => void } {
  const list: unknown[] = [];
  return {
    list,
    as: (name) => (error, value) => {
      list.push(value === undefined ? [name, toHost(error)] : [name, toHost(error), toHost(value)]);
    },
  };
}
