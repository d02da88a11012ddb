/** Telemetry and cloud-to-device messages of Azure IoT Hub. Source: "Use MQTT to communicate with Azure IoT Hub". */
import type { Done } from "../failure.ts";
import { guard } from "../guard.ts";
import type { Client } from "../mqtt/types.ts";
import { type AzureDevice, azureRoot } from "./azure.ts";
import { decodeBag, encodeBag, type Property } from "./bag.ts";

/** JSON in UTF-8, so that the hub can route by what is in it. */
export const JSON_BODY: Property[] = [
  ["$.ct", "application/json"],
  ["$.ce", "utf-8"],
];

/** The Topic Name for telemetry, and for a Will, with properties. */
export const eventsTopic = (about: AzureDevice, properties: Property[]): string =>
  `${azureRoot(about)}messages/events/${encodeBag(properties)}`;

/** Cloud-to-device messages, for a device (modules have none). With Clean Session 0 those sent meanwhile come too. */
export const listenToCloud = (
  client: Pick<Client, "on" | "subscribe">,
  about: AzureDevice,
  onMessage: (payload: string, properties: Property[]) => void,
  done: Done,
): void => {
  const start = `${azureRoot(about)}messages/devicebound/`;
  const receive = (topic: string, payload: string): void => onMessage(payload, decodeBag(topic.slice(start.length)));
  client.on("message", (topic: string, payload: string) => {
    if (topic.startsWith(start)) guard(receive, topic, payload);
  });
  client.subscribe(`${start}#`, { qos: 1 }, (error) => done(error));
};
