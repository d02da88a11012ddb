/**
 * # GodwitModem
 *
 * A cellular modem with TLS: power, SIM, registration, PDP context, TLS, TCP and UDP sockets that run in the modem, its file
 * store for certificates. Quectel BG96, BG95, BG77.
 *
 * ```js
 * var g = require("GodwitModem");
 * var port = { // RAK5010
 *   uart: Serial1, baud: 115200, wires: { tx: D6, rx: D8, cts: D7 },
 *   powerKey: D2, powerKeyPressed: false, resetKey: D28, resetKeyPressed: false, statusPin: D18, receiveBytes: 768
 * };
 * E.setConsole("Bluetooth", { force: true }); // what the modem says must never reach the REPL
 * var modem = g.createModem(port, { apn: "iot.1nce.net", apnUser: "", apnPassword: "", pin: "" });
 * var sockets = g.createSockets(modem);
 * var tls = { host: "broker.example.com", port: 8883, ca: "ca.pem", cert: "client.pem", key: "client.key", verify: true, sni: true };
 * modem.powerOn(function(e) { if (e) return print(e);
 *   modem.register(300000, function(e) { if (e) return print(e);
 *     modem.activate(function(e) { if (e) return print(e);
 *       // The modem judges certificates by its own clock: set it first, see GodwitClock.
 *       g.configureTls(modem, tls, function(e) { if (e) return print(e);
 *         sockets.open("tls", tls.host, tls.port, function(e, socket) {
 *           if (e) return g.explainRefusal(modem, sockets, tls, e, print);
 *           socket.onData = print;
 *           socket.write("hello", print);
 *         });
 *       });
 *     });
 *   });
 * });
 * ```
 *
 * Every callback has the failure first, `{code, cause, command}`, or nothing: docs/errors.md explains the codes.
 * `g.driver` is the record of the modem's family: its numbers and the commands that differ. Certificates go into the modem's store with `g.createFiles(modem).put("ca.pem", text, print)`.
 */
export { driver } from "godwit:driver";
export { createFiles } from "../modem/files.ts";
export { createModem } from "../modem/modem.ts";
export { createSockets } from "../modem/sockets.ts";
export { configureTls, explainRefusal } from "../tls/tls.ts";
