/**
 * # GodwitMQTT
 *
 * An MQTT 3.1.1 client: QoS 0, 1 and 2 both ways, Will, resumed sessions, an in-flight window, and on request an outbox in flash
 * in which accepted messages outlive a reset. It knows a transport, and nothing of sockets: those of GodwitModem are
 * transports as they are, those of Espruino's `net` and `tls` become one in eight lines.
 *
 * ```js
 * var client = require("GodwitMQTT").createClient({ clientId: "d1", clean: false, keepalive: 240 });
 * client.on("connect", function() { print("connected"); });
 * client.on("message", function(topic, payload) { print(topic, payload); });
 * client.subscribe("d1/command", { qos: 1 });
 * client.publish("d1/hello", "hello", { qos: 1 }, function(e) { print(e || "acknowledged"); });
 *
 * // with GodwitModem: sockets.open("tls", host, 8883, function(e, socket) { if (socket) client.attach(socket); });
 * // with a socket of Espruino's own:
 * require("net").connect({ host: "192.168.1.2", port: 1883 }, function(socket) {
 *   var transport = {
 *     write: function(bytes, done) { socket.write(bytes); setTimeout(done, 0); },
 *     close: function() { socket.end(); },
 *     poll: function() {}
 *   };
 *   socket.on("data", function(d) { transport.onData(d); });
 *   socket.on("close", function() { transport.onClose(); });
 *   client.attach(transport);
 * });
 * ```
 *
 * After a lost connection, attach the next transport: what was accepted is sent again, in order. With an outbox:
 * `createClient(options, createOutbox(16, 0))`, on the last 16 pages of the free flash.
 */
export { createClient } from "../mqtt/client.ts";
export { createOutbox } from "../mqtt/outbox.ts";
