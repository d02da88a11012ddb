/**
 * How long things take, in milliseconds, before scaling by the `latency` option.
 * Grades: [H] seen on hardware by the source, [D] vendor text or a driver in use, [R] recalled, unverified.
 */
export const LATENCY = {
  /** [R] From CR to an ordinary answer; the manuals only give the limit of 300 ms. */
  answer: 8,
  /** [D] BG96 hardware design: STATUS rises about 4.8 s after PWRKEY; [H] forum log: RDY 4.8 s after switching on. */
  boot: 4800,
  /** [H] NuModem: RDY 3.3 s after a restart of an EG800K. */
  restart: 3300,
  /** [R] From RDY to +CFUN: 1 and APP RDY; the order is [H] from a BG96 activation log. */
  appReady: 300,
  /** [R] From RDY to +CPIN. */
  sim: 900,
  /** [R] From +CPIN: READY to +QIND: SMS DONE. */
  smsDone: 1500,
  /** [R] From the result of QPOWD or CFUN=1,1 to POWERED DOWN; [D] TinyGSM allows 300 ms. */
  goodbye: 200,
  /** [R] From POWERED DOWN to STATUS low; BG96 hardware design says about 2 s. */
  powerDown: 1500,
  /** [R] Network search with a stored frequency; minutes on a cold start. Option network.registrationMs. */
  registration: 4000,
  /** [R] From registration to NITZ. Option network.nitzMs. */
  nitz: 1500,
  /** [R] QIACT on a good network; the limit is 150 s [D]. */
  activate: 900,
  deactivate: 500,
  /** [R] One round trip of an LTE-M link; added to connects. */
  roundTrip: 120,
  /** [H] NuModem: 2.0 s from QSSLOPEN to +QSSLOPEN; what the network here does not take itself. */
  handshake: 1800,
  /** [R] From the last byte of data to SEND OK. */
  send: 20,
  /** [H] NuModem: 0.4 s from SEND OK to the echo's URC, about 0.3 s of it on the way down. */
  receive: 200,
  /** [R] An orderly close waits for the peer; the limit is 10 s [D]. */
  close: 150,
  /** [R] Flash: per file operation. */
  file: 30,
} as const;

/** Fixed by the hardware, not scaled: these are pulses that the board makes. */
export const PULSE = {
  /** BG96 hardware design: PWRKEY low for at least 500 ms switches on (first editions: 100 ms). */
  onMs: 500,
  /** BG96 hardware design: PWRKEY low for at least 650 ms switches off. */
  offMs: 650,
  /** BG96 hardware design: RESET_N low for 150 to 460 ms. */
  resetMs: 150,
  /** Grain of the timers on both sides of the wire. */
  toleranceMs: 2,
} as const;

/** Limits of the protocol in milliseconds of the clock, not scaled. */
export const LIMIT = {
  /** [D] 150 s for QIOPEN and QSSLOPEN. */
  openMs: 150_000,
  /** [R] One try of QNTP and how many; the manual's limit is 125 s [D]. */
  ntpTryMs: 5000,
  ntpTries: 3,
  /** [R] Answer of the name server; the manual's limit is 60 s. */
  dnsMs: 60_000,
} as const;
