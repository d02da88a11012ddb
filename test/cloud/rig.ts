/** Device code of `modules/cloud` with the firmware's client, on a virtual board, and sockets to a broker. */
import { once } from "node:events";
import { connect } from "node:net";
import type { Failure } from "../../modules/failure.ts";
import type * as ClientModule from "../../modules/mqtt/client.ts";
import { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { loadModule, toHost } from "../../tools/virtual-board/load-module.ts";
import { socketTransport } from "../support/socket-transport.ts";

export type Client = ClientModule.Client;

export interface Rig {
  createClient: typeof ClientModule.createClient;
  load<T>(name: string): Promise<T>;
  /** Attached and connected. */
  attach(client: Client, port: number): Promise<void>;
  stop(): void;
}

export async function createRig(): Promise<Rig> {
  const board = new VirtualBoard({ board: "rak5010", serial: { paced: false } });
  board.start();
  const { createClient } = await loadModule<typeof ClientModule>("modules/mqtt/client.ts", { board });
  return {
    createClient,
    load: (name) => loadModule(`modules/cloud/${name}.ts`, { board }),
    async attach(client, port) {
      const socket = connect(port, "127.0.0.1");
      await once(socket, "connect");
      const connected = new Promise<void>((resolve, reject) => {
        client.on("connect", () => resolve());
        client.on("close", (error) => reject(new Error(`closed: ${error?.code}`)));
      });
      client.attach(socketTransport(socket));
      await connected;
    },
    stop: () => board.stop(),
  };
}

export interface Answer<T> {
  error: Failure | undefined;
  value: T;
}

/** What a callback `(error, value)` was told. */
export const answered = <T>(run: (done: (error?: Failure, value?: T) => void) => void): Promise<Answer<T>> =>
  new Promise((resolve) => run((error, value) => resolve({ error: toHost(error), value: toHost(value) as T })));

export const failure = (code: string, cause?: number | string) => ({ code, cause, command: undefined });

/** Until `condition` holds; the test's own time limit ends the waiting. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}
