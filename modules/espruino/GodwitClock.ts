/**
 * # GodwitClock
 *
 * Time, proved before TLS: from the network (NITZ), the modem's NTP client or SNTP over a UDP socket of the modem. Sets the
 * board's clock and the modem's, and compares the two. Stands on GodwitModem.
 *
 * ```js
 * // modem and sockets are those of GodwitModem, after modem.activate
 * var clock = require("GodwitClock").createClock(modem, sockets, { ntpHost: "pool.ntp.org", ntpPort: 123, resyncS: 86400 }, 1790000000);
 * clock.synchronise(function(e) {
 *   print(e || clock.status); // { source: "nitz", syncedS: ..., rtcErrorS: 0, ... }
 * });
 * ```
 *
 * The last number is a time that no source may be before: when you wrote this. The two functions for SNTP packets (RFC 4330) are pure, for
 * sockets of your own.
 */
export { createClock } from "../clock/clock.ts";
export { decodeSntpReply, encodeSntpRequest } from "../clock/sntp.ts";
