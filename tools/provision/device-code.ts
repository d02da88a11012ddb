/** Expressions for the interpreter. What comes from outside goes in through `quote` only. */
import { quote } from "../repl/quote.ts";

/** Whether this firmware has the modem's store at hand. */
export const HAS_STORE = 'typeof godwit=="object"&&!!godwit&&typeof godwit.files=="function"';

/** Free variables; without a collection, which would put the list of free ones in another order. */
export const FREE = "process.memory(false).free";

export const LIST = "godwit.files().list(done)";

export function remove(name: string): string {
  return `godwit.files().remove(${quote(name)},done)`;
}

/** What was thrown says nothing: the interpreter's message repeats the code around it, and the code has the file in it. */
const safely = (work: string): string => `try{${work}}catch(e){done({code:"PROVISION_BOARD"})}`;

export function put(name: string, bytes: string): string {
  return `(function(b){${safely(`godwit.files().put(${quote(name)},b,done)`)}})(${quote(bytes)})`;
}

/**
 * A secret goes in two halves: random bytes, and the secret XOR these. A link that stands still in the middle of a packet for
 * 5 s makes the interpreter take the rest of it for typed text, which is echoed; half a secret says nothing.
 */
const HALF = 'global["\\xFFhalf"]';

/** Both in Base64, of the same length. */
export const holdHalf = (half: string): string => `(${HALF}=${quote(half)},0)`;

export function putJoined(name: string, half: string): string {
  // E.toString gives nothing where no piece of memory is long enough.
  const join = `var p=E.toUint8Array(atob(${HALF})),b=E.toString(E.toUint8Array(atob(h)).map(function(v,i){return v^p[i]}))`;
  const store = `typeof b=="string"?godwit.files().put(${quote(name)},b,done):done({code:"PROVISION_MEMORY"})`;
  return `(function(h){${safely(`${join};delete ${HALF};${store}`)}})(${quote(half)})`;
}

/** A file of certificates that is too long for one packet is gathered here; a name that nobody types. */
const HELD = 'global["\\xFFpem"]';

export const hold = (part: string, isFirst: boolean): string => `(${HELD}${isFirst ? "=" : "+="}${quote(part)},0)`;

/** Stores what was held, which is forgotten before the modem has it. */
export const putHeld = (name: string): string =>
  `(function(b){delete ${HELD};${safely(`godwit.files().put(${quote(name)},b,done)`)}})(${HELD})`;

export const FORGET = `(delete ${HELD},delete ${HALF})`;

/** The answer leaves before. */
export const REBOOT = "(setTimeout(function(){E.reboot()},500),0)";

/** The interpreter's queue of received bytes: 1,024. */
const INPUT_BYTES = 1024;
/** Bytes on their way out, of all devices: 256. */
const OUTPUT_BYTES = 256;

/**
 * Overwrites what the interpreter has freed: memory of a variable keeps its content until the next one takes it. A string
 * that takes all that is free, in the order in which it was freed, then once more in the order of addresses; the 60
 * variables that this itself needs are others each time. What ran through the queues is pushed out by a long expression and a
 * long answer. Evaluates to the number of bytes written, followed by blanks.
 */
export const SCRUB = `${" ".repeat(INPUT_BYTES)}(function(){var n=0,p="".padEnd(2000,"".padEnd(100,"~")),i=0,s;for(;i<2;i++){s="".padEnd((process.memory(i>0).free-60)*10,p);n+=s.length;s=undefined}return n+"".padEnd(${OUTPUT_BYTES}," ")})()`;
