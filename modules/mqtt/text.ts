import { view } from "./bytes.ts";

/** The bytes of a binary string as well-formed UTF-8 (RFC 3629, section 4) [MQTT-1.5.3-1]. */
const isUtf8 = (text: string): boolean => {
  let length = 0;
  let left = 0;
  let point = 0;
  let isBad = false;
  for (const byte of view(text)) {
    if (left) {
      point = (point << 6) | (byte & 63);
      // Not longer than needed, no surrogate, not above U+10FFFF.
      isBad =
        isBad ||
        byte >> 6 !== 2 ||
        (!--left && (point < 1 << (5 * length + 1) || point >> 11 === 27 || point >> 16 > 16));
    } else if (byte > 127) {
      isBad = isBad || byte < 194 || byte > 244;
      length = byte > 239 ? 3 : byte > 223 ? 2 : 1;
      left = length;
      point = byte & (63 >> length);
    }
  }
  return !(left || isBad);
};

/** A text field: not empty, what its length can say, well-formed, without what `never` finds. One native pass decides plain ASCII. */
export const isText = (text: string, never: RegExp): boolean =>
  text > "" && !(text.length >> 16) && !never.test(text) && (!/[\x80-\xff]/.test(text) || isUtf8(text));

/** A Topic Name, as PUBLISH and Will carry it: no wildcards, not empty [MQTT-3.3.2-2, MQTT-4.7.3-1]. */
export const isTopic = (topic: string) => isText(topic, /[\0+#]/);

/** A Topic Filter: a wildcard fills its level, `#` is the last one [MQTT-4.7.1-2, -3]. `\x2f` is the slash. */
export const isFilter = (filter: string) => isText(filter, /\0|[^\x2f][+#]|[+#][^\x2f]|#./);

export const isQos = (qos: number) => [0, 1, 2].includes(qos);
