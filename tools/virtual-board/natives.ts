/**
 * What Espruino 2v29 has of the language's own library, for the RAK5010 and nRF52840DK builds: read from the
 * `JSON` comments of its `src/jswrap_*.c`, which are what its build makes the symbol table from. Everything else
 * that V8 brings is taken out of the board's realm.
 */

const words = (text: string): readonly string[] => text.split(" ");

/** Global values that V8 provides and Espruino also has. All other globals of the realm are removed. */
export const LANGUAGE_GLOBALS: readonly string[] = words(
  "Object Function Array Boolean Number String RegExp Error TypeError SyntaxError ReferenceError Math ArrayBuffer " +
    "DataView Uint8Array Uint8ClampedArray Int8Array Uint16Array Int16Array Uint32Array Int32Array Float32Array " +
    "Float64Array eval parseInt parseFloat isNaN isFinite encodeURIComponent decodeURIComponent Infinity NaN " +
    "undefined globalThis",
);

/** Static members that stay, by constructor or namespace. */
export const STATIC_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  Object: words(
    "assign create defineProperties defineProperty entries fromEntries getOwnPropertyDescriptor " +
      "getOwnPropertyDescriptors getOwnPropertyNames getPrototypeOf keys setPrototypeOf values",
  ),
  Function: [],
  Array: ["isArray"],
  Boolean: [],
  Number: words("MAX_VALUE MIN_VALUE NEGATIVE_INFINITY NaN POSITIVE_INFINITY"),
  String: ["fromCharCode"],
  RegExp: [],
  // Without stackTraceLimit V8 records no stack at all.
  Error: ["stackTraceLimit"],
  TypeError: [],
  SyntaxError: [],
  ReferenceError: [],
  ArrayBuffer: [],
  DataView: [],
  Math: words(
    "E LN10 LN2 LOG10E LOG2E PI SQRT1_2 SQRT2 abs acos asin atan atan2 ceil cos exp floor log max min pow random " +
      "round sign sin sqrt tan",
  ),
};

/** Prototype members that stay. Accessors of RegExp are needed by V8's own String.replace. */
export const PROTOTYPE_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  Object: words("hasOwnProperty toString valueOf __proto__"),
  Function: words("apply bind call toString"),
  Array: words(
    "concat every fill filter find findIndex forEach includes indexOf join map pop push reduce reverse shift slice " +
      "some sort splice toString unshift",
  ),
  Boolean: words("toString valueOf"),
  Number: words("toFixed toString valueOf"),
  String: words(
    "charAt charCodeAt concat endsWith includes indexOf lastIndexOf match padEnd padStart repeat replace replaceAll " +
      "slice split startsWith substr substring toLowerCase toString toUpperCase trim valueOf",
  ),
  RegExp: words(
    "exec test toString source flags global ignoreCase multiline sticky unicode dotAll hasIndices unicodeSets",
  ),
  Error: ["toString"],
  TypeError: [],
  SyntaxError: [],
  ReferenceError: [],
  ArrayBuffer: ["byteLength"],
  DataView: words(
    "buffer byteLength byteOffset getFloat32 getFloat64 getInt16 getInt32 getInt8 getUint16 getUint32 getUint8 " +
      "setFloat32 setFloat64 setInt16 setInt32 setInt8 setUint16 setUint32 setUint8",
  ),
};

/** `ArrayBufferView` of Espruino, `%TypedArray%.prototype` of V8. */
export const TYPED_ARRAY_MEMBERS: readonly string[] = words(
  "buffer byteLength byteOffset length every fill filter find findIndex forEach includes indexOf join map reduce " +
    "reverse set slice some sort subarray toString",
);

export const TYPED_ARRAYS: readonly string[] = words(
  "Uint8Array Uint8ClampedArray Int8Array Uint16Array Int16Array Uint32Array Int32Array Float32Array Float64Array",
);

/** Methods of Date that the board's own Date has (jswrap_date.c). */
export const DATE_GETTERS: readonly string[] = words("FullYear Month Date Day Hours Minutes Seconds Milliseconds");
export const DATE_SETTERS: readonly string[] = words("FullYear Month Date Hours Minutes Seconds Milliseconds");
