/**
 * # GodwitAzure
 *
 * Azure IoT Hub: what to connect with, what it takes (checked on the device), device twins, direct methods, messages both
 * ways. Stands on GodwitMQTT.
 *
 * ```js
 * var azure = require("GodwitAzure");
 * var cloud = azure.azureCloud({ hub: "myhub.azure-devices.net", device: "d1" });
 * var client = require("GodwitMQTT").createClient({ clientId: cloud.clientId, username: cloud.username, keepalive: cloud.keepalive });
 * var checked = azure.createChecked(client, cloud);
 * ```
 *
 * docs/clouds.md has the limits with their sources.
 */
export { azureCloud, azureRoot, refuseAzure, tokenExpiryS } from "../cloud/azure.ts";
export { createChecked } from "../cloud/checked.ts";
export { eventsTopic, JSON_BODY, listenToCloud } from "../cloud/messages.ts";
export { serveMethods } from "../cloud/methods.ts";
export { createTwin } from "../cloud/twin.ts";
