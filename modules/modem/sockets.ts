/**
 * Sockets that run in the modem: TLS, TCP and UDP. Receive is pull: the modem keeps the data until it is asked, in
 * pieces that fit the interpreter's receive queue.
 */
import { driver } from "godwit:driver";
import { quoted } from "../at/command.ts";
import type { Done, Failure } from "../failure.ts";
import { failure, isRefusal } from "../failure.ts";
import { after } from "../guard.ts";
import type { Transport } from "../mqtt/transport.ts";
import type { SocketKind } from "./driver.ts";
import { CID, type Modem } from "./modem.ts";

export type SocketDone = (error: Failure | undefined, socket?: Transport) => void;

export interface Sockets {
  open(kind: SocketKind, host: string, port: number, done: SocketDone): void;
  /** The path below is gone: every socket ends with this cause, without a word to the modem. */
  dropAll(cause: Failure): void;
  /** Assigned by the link: a peer was heard. */
  onHeard?: () => void;
}

interface Socket extends Transport {
  id: number;
  kind: SocketKind;
  /** A URC said that there is more. */
  hasMore?: boolean;
  isPulling?: boolean;
  /** The peer has closed; what it sent before may still be in the modem. */
  isClosed?: boolean;
  /** Closing; its id stays reserved until the modem has confirmed. */
  isEnding?: boolean;
}

/** `SEND FAIL` means that the modem's send buffer is full (TCP/IP manual): so often is it tried again, a second apart. */
const SEND_TRIES = 5;

export function createSockets(modem: Modem): Sockets {
  const channel = modem.channel;
  let open: Socket[] = [];

  /** Ends the socket towards its user at once, towards the modem when it answers. */
  function end(socket: Socket, cause?: Failure): void {
    if (socket.isEnding) return;
    socket.isEnding = true;
    channel.send(driver.closeSocket(socket.kind, socket.id), () => forget(socket));
    if (socket.onClose) socket.onClose(cause);
  }

  function find(id: number): Socket | undefined {
    return open.find((other) => other.id == id);
  }

  function forget(socket: Socket): void {
    open = open.filter((other) => other != socket);
  }

  function write(socket: Socket, bytes: string, done: Done, tries: number): void {
    const piece = bytes.substr(0, driver.sendBytes);
    if (socket.isEnding) done(failure("SOCKET_CLOSED"));
    else
      channel.send(driver.sendTo(socket.kind, socket.id, piece), (error) => {
        if (error && error.cause == "SEND FAIL" && tries) after(1000, () => write(socket, bytes, done, tries - 1));
        else if (error) {
          // The modem's ERROR comes before, or instead of, the URC that says the same.
          if (isRefusal(error)) error.code = "SOCKET_CLOSED";
          end(socket, error);
          done(error);
        } else if (bytes.length > piece.length) write(socket, bytes.substr(piece.length), done, SEND_TRIES);
        else done();
      });
  }

  function pull(socket: Socket): void {
    const count = modem.port.receiveBytes;
    // Nobody listens while it opens: `attempt` pulls then.
    if (socket.isPulling || socket.isEnding || !socket.onData) return;
    socket.isPulling = true;
    socket.hasMore = false;
    channel.send(driver.receiveFrom(socket.kind, socket.id, count), (error, _, data) => {
      socket.isPulling = false;
      if (data && socket.onData) {
        if (channel.onTrace) channel.onTrace("<" + socket.kind + socket.id, data);
        socket.onData(data);
        // Behind it: when taking it throws each time, this is no progress, and the watchdog must not be fed.
        if (sockets.onHeard) sockets.onHeard();
      }
      // A full piece, or a URC that came meanwhile: there is more. A short piece emptied the modem's buffer.
      if (!error && (socket.hasMore || data.length == count || (socket.isClosed && data))) pull(socket);
      else if (error || socket.isClosed) end(socket, socket.isClosed ? failure("SOCKET_CLOSED") : error);
    });
  }

  function openSocket(kind: SocketKind, host: string, port: number, done: SocketDone): void {
    let id = 0;
    while (find(id)) id++;
    const socket: Socket = {
      id,
      kind,
      write(bytes, written) {
        // Whole, and once: the pieces and the tries are in the AT traffic that follows.
        if (channel.onTrace) channel.onTrace(">" + kind + id, bytes);
        write(socket, bytes, written, SEND_TRIES);
      },
      close: () => end(socket),
      poll: () => pull(socket),
    };
    // Reserved while it opens: the modem may take minutes.
    open.push(socket);
    attempt(socket, host, port, done, true);
  }

  function attempt(socket: Socket, host: string, port: number, done: SocketDone, isFirst: boolean): void {
    const kind = socket.kind;
    const id = socket.id;
    const command = driver.openSocket(kind, CID, id, host, port);
    channel.send(command, (error, lines) => {
      const cause = parseInt(lines.join("").substr((command.success as string).length), 10);
      if (cause === 0) {
        // Whatever was told before belongs to an earlier life of the id.
        socket.isClosed = false;
        done(undefined, socket);
        if (socket.hasMore) pull(socket);
        return;
      }
      // The id is free again only after a close, whatever the result of the open was.
      channel.send(driver.closeSocket(kind, id), () => {
        if (cause == driver.idInUse && isFirst) attempt(socket, host, port, done, false);
        else {
          forget(socket);
          done(error || failure(driver.openCode(kind, cause), cause, `${kind} ${quoted(host)}:${port}`));
        }
      });
    });
  }

  modem.onSocket = (urc) => {
    const socket = find(urc.id);
    if (!socket) return;
    if (urc.event == "closed") socket.isClosed = true;
    if (urc.event == "recv") socket.hasMore = true;
    pull(socket);
  };

  const sockets: Sockets = {
    open: openSocket,
    dropAll(cause) {
      const dropped = open;
      open = [];
      for (const socket of dropped)
        if (!socket.isEnding) {
          socket.isEnding = true;
          if (socket.onClose) socket.onClose(cause);
        }
    },
  };
  return sockets;
}
