/** The modem's file store: certificates and keys live there and nowhere else. Names are bare, e.g. `ca.pem`. */
import { driver } from "godwit:driver";
import type { Done } from "../failure.ts";
import { failure } from "../failure.ts";
import type { LinesDone, Modem } from "./modem.ts";

/** @public */
export interface Files {
  /**
   * Stores `bytes` (one char a byte), replacing a file of that name, and compares size and checksum with what the
   * modem computed. On any failure nothing of it stays behind. The contents never reach a trace.
   */
  put(name: string, bytes: string, done: Done): void;
  /** The modem's list, a line a file, as the modem writes it: `+QFLST: "ca.pem",1939`. */
  list(done: LinesDone): void;
  remove(name: string, done: Done): void;
}

export function createFiles(modem: Modem): Files {
  const channel = modem.channel;

  function remove(name: string, done: Done): void {
    channel.send(driver.removeFile(name), done);
  }

  return {
    put(name, bytes, done) {
      // A file that exists is refused, so whatever stands there goes first; that there is none is no error.
      remove(name, () =>
        channel.send(driver.store(name, bytes), (error, lines) => {
          const answer = lines.join("").toLowerCase();
          if (!error && answer == driver.storedAs(bytes)) done();
          // After a time-out the partial file stays (seen on hardware).
          else remove(name, () => done(error || failure("FILE_CHECKSUM", answer)));
        }),
      );
    },
    list(done) {
      modem.script([driver.listFiles], done);
    },
    remove,
  };
}
