/**
 * Sockets that run in the modem: TLS, TCP and UDP. Receive is pull: the modem keeps the data until it is asked, in
 * pieces that fit the interpreter's receive queue.
 */
import { quoted } from "../at/command.ts";
import type { Done, Failure } from "../failure.ts";
import { failure } from "../failure.ts";
import { after } from "../guard.ts";
import type { Transport } from "../mqtt/transport.ts";
import type { SocketKind, Urc } from "./driver.ts";
import { CID, type Modem } from "./modem.ts";

export type SocketDone = (error: Failure | undefined, socket?: Transport) => void;

export interface Sockets {
  open(kind: SocketKind, host: string, port: number, done: SocketDone): void;
  /** A socket's URC, from the modem. */
  onUrc(urc: Urc): void;
  /** The path below is gone: every socket ends with this cause, without a word to the modem. */
  dropAll(cause: Failure): void;
}

interface Socket extends Transport {
  id: number;
  kind: SocketKind;
  /** A URC said that there is more. */
  waiting: boolean;
  pulling: boolean;
  /** Why it is closing; its id stays reserved until the modem has confirmed. */
  ending: boolean;
}

/** `SEND FAIL` means that the modem's send buffer is full (TCP/IP manual): so often is it tried again, a second apart. */
const SEND_TRIES = 5;

/** `onHeard` is called whenever a peer was heard. */
export function createSockets(modem: Modem, onHeard: () => void): Sockets {
  const driver = modem.driver;
  let sockets: Socket[] = [];

  function find(id: number | undefined): Socket | undefined {
    return sockets.find((socket) => socket.id == id);
  }

  function freeId(): number {
    let id = 0;
    while (find(id)) id++;
    return id;
  }

  /** Ends the socket towards its user at once, towards the modem when it answers. */
  function end(socket: Socket, cause?: Failure): void {
    if (socket.ending) return;
    socket.ending = true;
    modem.channel.send(driver.close(socket.kind, socket.id), () => forget(socket));
    if (socket.onClose) socket.onClose(cause);
  }

  function forget(socket: Socket): void {
    sockets = sockets.filter((other) => other != socket);
  }

  function write(socket: Socket, bytes: string, tries: number, done: Done): void {
    if (socket.ending) {
      done(failure("SOCKET_CLOSED"));
      return;
    }
    const piece = bytes.substr(0, driver.limits.send);
    modem.channel.send(driver.send(socket.kind, socket.id, piece), (error) => {
      if (error && error.cause == "SEND FAIL" && tries > 1) after(1000, () => write(socket, bytes, tries - 1, done));
      else if (error) {
        end(socket, error);
        done(error);
      } else if (bytes.length > piece.length) write(socket, bytes.substr(piece.length), SEND_TRIES, done);
      else done();
    });
  }

  function deliver(socket: Socket, data: string): void {
    onHeard();
    if (socket.onData) socket.onData(data);
  }

  function pull(socket: Socket): void {
    if (socket.pulling || socket.ending) return;
    const count = modem.port.receiveBytes;
    socket.pulling = true;
    socket.waiting = false;
    modem.channel.send(driver.receive(socket.kind, socket.id, count), (error, answer) => {
      const data = answer.data;
      socket.pulling = false;
      if (socket.ending) return;
      if (error) end(socket, error);
      else {
        if (data) deliver(socket, data);
        // A full piece, or a URC that came meanwhile: there is more. A short piece emptied the modem's buffer.
        if (socket.waiting || data.length == count) pull(socket);
      }
    });
  }

  /** What the peer sent before it closed may still be in the modem. */
  function drain(socket: Socket): void {
    const count = modem.port.receiveBytes;
    if (socket.ending) return;
    modem.channel.send(driver.receive(socket.kind, socket.id, count), (error, answer) => {
      if (socket.ending) return;
      if (!error && answer.data) {
        deliver(socket, answer.data);
        drain(socket);
      } else end(socket, failure("SOCKET_CLOSED"));
    });
  }

  function opened(kind: SocketKind, id: number): Socket {
    const socket: Socket = {
      id,
      kind,
      waiting: false,
      pulling: false,
      ending: false,
      write: (bytes, done) => write(socket, bytes, SEND_TRIES, done),
      close: () => end(socket),
      poll: () => pull(socket),
    };
    return socket;
  }

  function open(kind: SocketKind, host: string, port: number, done: SocketDone): void {
    const id = freeId();
    if (id >= driver.limits.sockets) {
      done(failure("SOCKET_FULL"));
      return;
    }
    const socket = opened(kind, id);
    // Reserved while it opens: the modem may take minutes.
    sockets.push(socket);
    attempt(socket, host, port, true, done);
  }

  function attempt(socket: Socket, host: string, port: number, again: boolean, done: SocketDone): void {
    const kind = socket.kind;
    const prefix = driver.openResult(kind, socket.id);
    modem.result(driver.open(kind, CID, socket.id, host, port), prefix, driver.timing.openMs, (error, line) => {
      const cause = error ? -1 : driver.readOpen(line);
      if (cause == 0) {
        done(undefined, socket);
        // Data may have come before this end was known.
        if (socket.waiting) pull(socket);
        return;
      }
      // The id is free again only after a close, whatever the result of the open was.
      modem.channel.send(driver.close(kind, socket.id), () => {
        if (cause == driver.idInUse && again) attempt(socket, host, port, false, done);
        else {
          forget(socket);
          done(error || failure(driver.openCodes(kind, cause), cause, `${kind} ${quoted(host)}:${port}`));
        }
      });
    });
  }

  return {
    open,
    onUrc(urc) {
      const socket = find(urc.id);
      if (!socket) return;
      if (urc.type == "closed") drain(socket);
      else {
        socket.waiting = true;
        // While it opens nobody listens yet.
        if (socket.onData) pull(socket);
      }
    },
    dropAll(cause) {
      const dropped = sockets;
      sockets = [];
      for (const socket of dropped) {
        const open = !socket.ending;
        socket.ending = true;
        if (open && socket.onClose) socket.onClose(cause);
      }
    },
  };
}
