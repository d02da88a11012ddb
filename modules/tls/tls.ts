/**
 * TLS policy: every setting is written, read back and compared before a socket is opened; what fails is told apart as
 * far as the modem lets it.
 */
import { driver } from "godwit:driver";
import type { Done, Failure } from "../failure.ts";
import { failure, isRefusal } from "../failure.ts";
import type { Modem } from "../modem/modem.ts";
import type { Sockets } from "../modem/sockets.ts";
import type { TlsProfile } from "./profile.ts";

/** Firmware differs in blanks, quotes, case and the store's prefix when it reads a setting back. */
function plain(text: string): string {
  return text.replace(/[ "]|UFS:/g, "").toUpperCase();
}

/** The first setting that does not read as it was written, or undefined. */
export function wrongSetting(settings: string[], lines: string[]): string | undefined {
  const found = lines.map(plain);
  return settings.find((setting) => !found.includes(plain(setting.replace("=", ":"))));
}

/**
 * Writes all settings of the profile and proves that the modem took them: `TLS_SETTING`, `TLS_READBACK`. The host check is
 * the one that a model may lack: whether it is in force is then in `modem.checksHost`.
 */
export function configureTls(modem: Modem, profile: TlsProfile, done: Done): void {
  const settings = driver.tlsSettings(profile);
  const isWanted = profile.verify && profile.checkHost !== false;
  const check = driver.hostCheck + (isWanted ? 1 : 0);
  // Last, so that a model which refuses it has taken the others.
  const all = settings.concat(check);
  modem.script(all, (error) => {
    const isLacking = isRefusal(error) && (error as Failure).command == `AT${check}`;
    // Silence is the modem's trouble, and not for a person to mend.
    if (error && !isLacking) {
      if (isRefusal(error)) error.code = "TLS_SETTING";
      done(error);
    } else
      modem.script(
        (isLacking ? settings : all).map((setting) => setting.substr(0, setting.lastIndexOf(","))),
        (unread, lines) => {
          const wrong = wrongSetting(all, lines);
          modem.checksHost = isWanted && !wrong;
          done(
            unread && !isRefusal(unread)
              ? unread
              : wrong && wrong != check
                ? failure("TLS_READBACK", wrong)
                : undefined,
          );
        },
      );
  });
}

/**
 * A refused handshake is one number on most modems. Two questions narrow it down without sending a byte: are the files
 * there (`TLS_FILE`), and does the port answer to plain TCP (`NET_CONNECT` if not)? What is left is `TLS_REFUSED`.
 */
export function explainRefusal(
  modem: Modem,
  sockets: Sockets,
  profile: TlsProfile,
  refusal: Failure,
  done: (error: Failure) => void,
): void {
  modem.script([driver.listFiles], (_, lines) => {
    const list = lines.join("");
    const missing = [profile.ca, profile.cert, profile.key].find((name) => name && list.split(`${name}"`).length < 2);
    // Some firmware lists nothing whatever is asked: an empty list proves nothing.
    if (list && missing) done(failure("TLS_FILE", missing));
    else
      sockets.open("tcp", profile.host, profile.port, (error, socket) => {
        if (socket) socket.close();
        done(error || refusal);
      });
  });
}
