/**
 * TLS policy: every setting is written, read back and compared before a socket is opened; what fails is told apart as
 * far as the modem lets it.
 */
import { driver } from "godwit:driver";
import type { Done, Failure } from "../failure.ts";
import { failure } from "../failure.ts";
import type { Modem } from "../modem/modem.ts";
import type { Sockets } from "../modem/sockets.ts";
import type { TlsProfile } from "./profile.ts";

/** Firmware differs in blanks, quotes, case and the store's prefix when it reads a setting back. */
function plain(text: string): string {
  return text.replace(/[ "]/g, "").split("UFS:").join("").toUpperCase();
}

/** The first setting that does not read as it was written, or undefined. */
export function wrongSetting(settings: string[], lines: string[]): string | undefined {
  const found = lines.map(plain);
  return settings.find((setting) => !found.includes(plain(setting.replace("=", ":"))));
}

/** Writes all settings of the profile and proves that the modem took them: `TLS_SETTING`, `TLS_READBACK`. */
export function configureTls(modem: Modem, profile: TlsProfile, done: Done): void {
  const settings = driver.tlsSettings(profile);
  const queries = settings.map((setting) => setting.substr(0, setting.lastIndexOf(",")));
  modem.script(settings, (error) => {
    // Silence is the modem's trouble, and not for a person to mend.
    if (error && error.code != "AT_ERROR" && error.code != "AT_TEXT") done(error);
    else if (error) done(failure("TLS_SETTING", error.cause, error.command));
    else
      modem.script(queries, (unread, lines) => {
        const wrong = wrongSetting(settings, lines);
        if (unread && unread.code != "AT_ERROR") done(unread);
        else done(wrong ? failure("TLS_READBACK", wrong) : undefined);
      });
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
    const missing = [profile.ca, profile.cert, profile.key].find((name) => !!name && list.split(`${name}"`).length < 2);
    // Some firmware lists nothing whatever is asked: an empty list proves nothing.
    if (list && missing) done(failure("TLS_FILE", missing));
    else
      sockets.open("tcp", profile.host, profile.port, (error, socket) => {
        if (socket) socket.close();
        done(error || refusal);
      });
  });
}
