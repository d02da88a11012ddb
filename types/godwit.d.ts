/** Modules that the build makes: the board that was asked for, and what is known when building. */
declare module "godwit:board" {
  const board: import("../boards/board.ts").Board;
  export default board;
}
declare module "godwit:driver" {
  /** The driver of the board that is being built: data, so it is imported where it is wanted and costs no object. */
  export const driver: import("../modules/modem/driver.ts").Driver;
}
declare module "godwit:features" {
  /** What the board leaves out is false here, and the bundler takes out what stands behind it. */
  export const MQTT5: boolean;
  export const OUTBOX: boolean;
}
declare module "godwit:build" {
  /** Seconds since 1970 when this image was built: no clock may show less. */
  export const BUILD_TIME: number;
  export const VERSION: string;
  export const BOARD: string;
}
