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

/** <stat> 0, 1 home, 2, 3, 4 unknown, 5 roaming; all others carry no data. */
const NAMES = "off registered searching denied off roaming";

/** The better of the two domains. */
export function registrationOf(state: RegistrationState): Registration {
  const best = [1, 5, 2, 3].find((stat) => stat == state.eps || stat == state.gprs);
  return NAMES.split(" ")[best || 0] as Registration;
}
