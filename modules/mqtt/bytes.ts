type Part = string | Uint8Array | number | Part[];

/** Flattens numbers, strings, arrays and typed arrays to bytes; a number gives its low byte. One native call. */
export const join = E.toString as (...parts: Part[]) => string;

// Looked up once: behind the globals of an image each look costs some thousand instructions.
export const Bytes = Uint8Array;
export const toBuffer = E.toArrayBuffer as (text: string) => ArrayBuffer;

/** The same bytes to read by index: the text is not copied. */
export const view = (text: string) => new Bytes(toBuffer(text));

/** Remaining Length: seven bits a byte, low ones first (2.2.3). */
export const varint = (length: number): Part => (length < 128 ? length : [length | 128, varint(length >> 7)]);

/** A text or bytes behind their length (1.5.3); nothing for nothing. */
export const field = (text: string | Uint8Array | undefined) =>
  text === undefined ? "" : join(text.length >> 8, text.length, text);

export const frame = (first: number, body: string) => join(first, varint(body.length), body);

export const word = (data: Uint8Array, at: number) => ((data[at] as number) << 8) | (data[at + 1] as number);
