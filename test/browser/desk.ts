/**
 * What lies on the desk of somebody who opens the page: a virtual board that runs the firmware, with a virtual modem, on its
 * way to a broker with mutual TLS; and the page, as a host of static files serves it.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { bundleFirmware } from "../../tools/build/firmware.ts";
import { createListener } from "../../tools/console/http.ts";
import { Demo } from "../../tools/demo/demo.ts";
import type { Entry } from "../../tools/demo/entry.ts";
import { readErrorTable } from "../../tools/errors/read-error-table.ts";
import type { Image } from "../../tools/flash/image.ts";
import { serialiseImage } from "../../tools/flash/image-file.ts";
import { imageOf } from "../../tools/flash/make-image.ts";
import { createSteadyClock } from "../support/steady-clock.ts";
import { builtPage } from "./built-page.ts";
import type { Served } from "./serve.ts";

export const BOARD = "rak5010";
/** Clock of board and modem: a boot with registration takes the chip half a minute. */
const SPEED = 4;

export interface Parts {
  readonly web: string;
  readonly image: Image;
  /** `dist/<board>.image.json`. */
  readonly imageFile: string;
}

/** What takes its time, once for a test file. */
export async function prepareParts(): Promise<Parts> {
  const [web, firmware] = await Promise.all([builtPage(), bundleFirmware({ board: BOARD })]);
  const image = await imageOf(firmware);
  return { web, image, imageFile: serialiseImage(image) };
}

export interface Desk {
  readonly demo: Demo;
  /** What has happened so far, as `npm start` tells it. */
  readonly entries: readonly Entry[];
  close(): Promise<void>;
}

export async function openDesk({ image }: Parts): Promise<Desk> {
  const clock = createSteadyClock(SPEED);
  const entries: Entry[] = [];
  const demo = new Demo({
    board: BOARD,
    image,
    errors: readErrorTable(),
    clock,
    once: undefined,
    fault: undefined,
    ownBroker: undefined,
    trace: false,
    limitS: 60,
    settings: { intervalS: 10 },
    onEntry: (entry) => entries.push(entry),
  });
  async function close(): Promise<void> {
    await demo.stop();
    clock.stop();
  }
  try {
    await demo.start();
  } catch (error) {
    await close();
    throw error;
  }
  return { demo, entries, close };
}

/** The page without `npm start`: files, and nothing that answers. */
export async function servePage({ web }: Pick<Parts, "web">): Promise<Served> {
  let port = 0;
  const server = createServer(createListener({ web, documents: {}, port: () => port }));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ({ port } = server.address() as AddressInfo);
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
