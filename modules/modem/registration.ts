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
  const eps = line.startsWith("+CEREG:");
  if (!eps && !line.startsWith("+CGREG:")) return undefined;
  const words = line.substr(7).split(",");
  const second = (words[1] || "").trim();
  // `2,1` is <n>,<stat>; in `1,"01A2"` the second is the area code, which some firmware leaves without quotes.
  const answer = second.length == 1 || (second.length == 2 && second < "99");
  const stat = parseInt(answer ? second : (words[0] as string), 10);
  if (!(stat >= 0)) return state;
  return eps ? { eps: stat, gprs: state.gprs } : { eps: state.eps, gprs: stat };
}

/** <stat> 1 home, 5 roaming, 2 searching, 3 denied; all others carry no data. */
export function registrationOf(state: RegistrationState): Registration {
  const either = (stat: number): boolean => state.eps == stat || state.gprs == stat;
  if (either(1)) return "registered";
  if (either(5)) return "roaming";
  if (either(2)) return "searching";
  return either(3) ? "denied" : "off";
}
