/** The satellite receiver, as far as clients start it, ask it and stop it: it never gets a fix, there is no sky here.
 *  Source: BG96 GNSS AT Commands Manual V1.1 [D]. */
import { type Commands, cme, OK } from "../answer.ts";
import { integer, string } from "../v250-parse.ts";
import { CME } from "./errors.ts";

/** [D] 2.1: keys of AT+QGPSCFG with what they allow; [R] what they are at first. `priority` is of BG95 and BG77. */
const CONFIGURATION: Readonly<Record<string, readonly [first: string, range: string]>> = {
  "outport": ['"usbnmea"', '("none","usbnmea","uartnmea")'],
  "nmeasrc": ["0", "(0,1)"],
  "gpsnmeatype": ["31", "(0-31)"],
  "glonassnmeatype": ["0", "(0-7)"],
  "galileonmeatype": ["0", "(0,1)"],
  "beidounmeatype": ["0", "(0-3)"],
  "gsvextnmeatype": ["0", "(0,1)"],
  "gnssconfig": ["1", "(0-6)"],
  "autogps": ["0", "(0,1)"],
  "priority": ["1", "(0,1),(0,1)"],
};

export function createGnss(saved: Map<string, string>): Commands {
  let on = false;
  return {
    "+QGPS": (call, io) => {
      if (call.kind === "test") io.lines("+QGPS: (1-4),(1-255),(1-1000),(0-1000),(1-65535)");
      else if (call.kind === "read") io.lines(`+QGPS: ${on ? 1 : 0}`);
      else if (integer(call.args[0], 1, 4) === undefined) return cme(CME.gnssInvalidParameter);
      else if (on) return cme(CME.gnssOngoing);
      else on = true;
      return OK;
    },
    "+QGPSEND": (call) => {
      if (call.kind === "test") return OK;
      if (!on) return cme(CME.gnssNotActive);
      on = false;
      return OK;
    },
    "+QGPSLOC": (call, io) => {
      if (call.kind !== "test") return cme(on ? CME.gnssNotFixed : CME.gnssNotActive);
      io.lines("+QGPSLOC: <UTC>,<latitude>,<longitude>,<hdop>,<altitude>,<fix>,<cog>,<spkm>,<spkn>,<date>,<nsat>");
      return OK;
    },
    "+QGPSGNMEA": (call) => (call.kind === "test" ? OK : cme(on ? CME.gnssNotEnabled : CME.gnssNotActive)),
    "+QGPSCFG": (call, io) => {
      if (call.kind === "test") {
        io.lines(...Object.entries(CONFIGURATION).map(([key, [, range]]) => `+QGPSCFG: "${key}",${range}`));
        return OK;
      }
      const key = string(call.args[0], 32)?.toLowerCase();
      const known = key !== undefined && Object.hasOwn(CONFIGURATION, key) ? CONFIGURATION[key] : undefined;
      if (call.kind !== "write" || known === undefined) return cme(CME.gnssInvalidParameter);
      const value = call.args[1];
      if (value === undefined) io.lines(`+QGPSCFG: "${key}",${saved.get(`+QGPSCFG ${key}`) ?? known[0]}`);
      else saved.set(`+QGPSCFG ${key}`, value.quoted ? `"${value.text}"` : value.text);
      return OK;
    },
  };
}
