/**
 * # GodwitLink
 *
 * Brings everything up and keeps it up: modem, SIM, registration, PDP context, clock, TLS, MQTT, with the recovery ladder (socket, PDP,
 * radio, modem reset, power cycle, board reset), backoff and a watchdog that is fed by progress. Stands on
 * GodwitModem, GodwitClock and GodwitMQTT.
 *
 * ```js
 * var m = require("GodwitModem");
 * var modem = m.createModem(port, access), sockets = m.createSockets(modem); // see GodwitModem
 * var options = {
 *   host: "broker.example.com", port: 8883, ca: "ca.pem", cert: "client.pem", key: "client.key", verify: true, sni: true,
 *   ntpHost: "pool.ntp.org", ntpPort: 123, resyncS: 86400, clockGate: true,
 *   registrationS: 300, backoffMaxS: 900, watchdogS: 3600
 * };
 * var clock = require("GodwitClock").createClock(modem, sockets, options, 1790000000);
 * var client = require("GodwitMQTT").createClient({ clientId: "d1", clean: false });
 * var link = require("GodwitLink").createLink(modem, sockets, clock, client, options, function(state, error, retryS) {
 *   print(state, error && error.code, retryS);
 * });
 * link.start();
 * ```
 */
export { createLink } from "../link/link.ts";
