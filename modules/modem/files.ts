/** The modem's file store: certificates and keys live there and nowhere else. Names are bare, e.g. `ca.pem`. */
import type { Done, Failure } from "../failure.ts";
import { failure } from "../failure.ts";
import type { Modem } from "./modem.ts";

/** @public */
export interface ModemFile {
  name: string;
  size: number;
}

/** @public */
export interface Files {
  /**
   * Stores `bytes` (one char a byte), replacing a file of that name, and compares size and checksum with what the
   * modem computed. On any failure nothing of it stays behind. The contents never reach a trace.
   */
  put(name: string, bytes: string, done: Done): void;
  list(done: (error: Failure | undefined, files: ModemFile[]) => void): void;
  remove(name: string, done: Done): void;
}

export function createFiles(modem: Modem): Files {
  const driver = modem.driver;

  function remove(name: string, done: Done): void {
    modem.channel.send(driver.remove(name), done);
  }

  return {
    put(name, bytes, done) {
      // A file that exists is refused, so whatever stands there goes first; that there is none is no error.
      remove(name, () =>
        modem.channel.send(driver.store(name, bytes), (error, answer) => {
          const stored = !error && driver.readStored(answer.lines);
          if (stored && stored.size == bytes.length && stored.sum == driver.checksum(bytes)) done();
          // After a time-out the partial file stays (seen on hardware).
          else remove(name, () => done(error || failure("FILE_CHECKSUM", stored ? stored.sum : "", name)));
        }),
      );
    },
    list(done) {
      modem.script([driver.list], 5000, (error, lines) => {
        const files: ModemFile[] = [];
        for (const line of lines) {
          const file = driver.readFile(line);
          if (file) files.push(file);
        }
        done(error, files);
      });
    },
    remove,
  };
}
