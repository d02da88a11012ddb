/**
 * Registration, from the lines of 27.007 10.1.20 (+CGREG) and 10.1.22 (+CEREG): pure, `(state, line) => state`.
 * Circuit-switched registration (+CREG) says nothing about data and is not followed.
 */
export interface RegistrationState {
  /** <stat> of the EPS domain (LTE, LTE-M, NB-IoT), and of the packet domain of GSM and UMTS; 0 before the first line. */
  eps: number;
  gprs: number;
}

/** @public */
export type Registration = "off" | "searching" | "registered" | "roaming" | "denied";

export const UNREGISTERED: RegistrationState = { eps: 0, gprs: 0 };

/** The state behind `line`, or undefined when it is no registration line. Answer and URC differ by a leading <n>. */
export function nextRegistration(state: RegistrationState, line: string): RegistrationState | undefined {
  const isEps = line.startsWith("+CEREG:");
  if (!isEps && !line.startsWith("+CGREG:")) return undefined;
  const words = line.substr(7).split(",");
  // `2,1` is <n>,<stat>; in `1,"01A2"` the second is the area code, which some firmware leaves without quotes.
  const stat = parseInt((words[1] && words[1].trim().length < 3 ? words[1] : words[0]) as string, 10);
  if (!(stat >= 0)) return state;
  return isEps ? { eps: stat, gprs: state.gprs } : { eps: state.eps, gprs: stat };
}

/** <stat> 1 home, 5 roaming, 2 searching, 3 denied; all others carry no data. */
export function registrationOf(state: RegistrationState): Registration {
  const stats = [state.eps, state.gprs];
  if (stats.includes(1)) return "registered";
  if (stats.includes(5)) return "roaming";
  if (stats.includes(2)) return "searching";
  return stats.includes(3) ? "denied" : "off";
}
