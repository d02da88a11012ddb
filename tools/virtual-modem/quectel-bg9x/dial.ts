/** A TCP connection over the modem's bearer: name, address, time-out. */
import { connect, type Socket } from "node:net";
import type { Boot } from "./context.ts";
import { IP_ERROR } from "./errors.ts";
import { LATENCY, LIMIT } from "./latency.ts";
import type { Failure } from "./streams.ts";

export interface Dialled {
  readonly socket: Socket;
  readonly address: string;
}

/** Calls `done` once; after the returned function was called, never. */
export function dial(
  boot: Boot,
  host: string,
  port: number,
  done: (failure: Failure | undefined, dialled?: Dialled) => void,
): () => void {
  const { machine } = boot;
  let over = false;
  let socket: Socket | undefined;
  const timer = machine.timeout(LIMIT.openMs, () =>
    fail({ code: IP_ERROR.connectFailed, cause: "timeout", detail: "no answer to the TCP connect" }),
  );
  const settle = (): boolean => {
    if (over) return false;
    over = true;
    machine.cancel(timer);
    return true;
  };
  const fail = (failure: Failure): void => {
    if (!settle()) return;
    socket?.destroy();
    done(failure);
  };
  void boot.resolve(host).then((address) => {
    if (over) return;
    if (address === undefined) {
      return fail({ code: IP_ERROR.dnsFailed, cause: "dns", detail: `no address for ${host}` });
    }
    const link = connect({ host: address, port, noDelay: true });
    socket = link;
    link.once("connect", () =>
      machine.after(LATENCY.roundTrip, () => {
        if (settle()) done(undefined, { socket: link, address });
      }),
    );
    link.on("error", (error: NodeJS.ErrnoException) =>
      fail({ code: IP_ERROR.connectFailed, cause: "tcp", detail: error.code ?? error.message }),
    );
  });
  return () => {
    if (settle()) socket?.destroy();
  };
}
