/**
 * Property bags of Azure IoT Hub: `name=value&name=value`, URL-encoded, at the end of a topic. Source: "Use MQTT to
 * communicate with Azure IoT Hub". Texts are binary strings, so a value is its UTF-8.
 */

/** Name and value; null: the name stands there without `=`. Pairs, because a name from outside can be an inherited one. */
export type Property = [string, string | null];

export const encodeBag = (bag: Property[]): string =>
  bag
    .map((pair) => encodeURIComponent(pair[0]) + (pair[1] === null ? "" : `=${encodeURIComponent(pair[1])}`))
    .join("&");

const isCode = (part: string, index: number): boolean => !index || /^[0-9A-Fa-f][0-9A-Fa-f]/.test(part);

/** What is not encoded as it should be stays as it is: the interpreter would make bytes of it, other ones throw. */
const decode = (text: string): string => (text.split("%").every(isCode) ? decodeURIComponent(text) : text);

export const decodeBag = (text: string): Property[] => {
  const bag: Property[] = [];
  for (const part of (text[0] === "?" ? text.slice(1) : text).split("&")) {
    const name = part.split("=")[0] as string;
    if (name) bag.push([decode(name), part === name ? null : decode(part.slice(name.length + 1))]);
  }
  return bag;
};

/** The value of the first property of this name; undefined when there is none. */
export const valueIn = (bag: Property[], name: string): string | null | undefined => {
  const pair = bag.find((one) => one[0] === name);
  return pair && pair[1];
};
