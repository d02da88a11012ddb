/**
 * # GodwitAWS
 *
 * AWS IoT Core: what to connect with, what it takes (checked on the device, where AWS would close without a word), and
 * device shadows. Stands on GodwitMQTT.
 *
 * ```js
 * var aws = require("GodwitAWS");
 * var cloud = aws.awsCloud({ endpoint: "xxx-ats.iot.eu-west-1.amazonaws.com", thing: "d1" });
 * var client = require("GodwitMQTT").createClient({ clientId: cloud.clientId, keepalive: cloud.keepalive, clean: false });
 * var checked = aws.createChecked(client, cloud); // publish and subscribe that refuse what AWS would not take
 * ```
 *
 * docs/clouds.md has the limits with their sources.
 */
export { awsCloud, refuseAws } from "../cloud/aws.ts";
export { createChecked } from "../cloud/checked.ts";
export { createShadow } from "../cloud/shadow.ts";
