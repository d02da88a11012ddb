/** What the engine tests run on a virtual board: the parts of the firmware, without the application. */
export { default as rak5010, driver } from "../../boards/rak5010.ts";
export { createClock as createDeviceClock } from "../../modules/clock/clock.ts";
export { createFiles } from "../../modules/modem/files.ts";
export { createModem } from "../../modules/modem/modem.ts";
export { createSockets } from "../../modules/modem/sockets.ts";
export { configureTls, explainRefusal } from "../../modules/tls/tls.ts";
