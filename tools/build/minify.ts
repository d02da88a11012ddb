import { parse } from "acorn";
import MagicString from "magic-string";
import { type MinifyOptions, minify } from "terser";
import { forEachNode } from "./scopes.ts";

export interface MinifySettings {
  /** Property names that stay. */
  keepProperties: Iterable<string>;
  /** Variable names that the program must not take: the interpreter's globals. */
  keepVariables: Iterable<string>;
  mangleProperties: boolean;
}

export interface Minified {
  code: string;
  map: string;
  /** New name by old name, of properties. */
  names: Record<string, string>;
}

/** The interpreter's reserved words, and the name by which it finds a class's constructor: none of them can follow a dot or name a method in a way that is safe to rely on. */
const reservedWords = (
  "break case catch class const constructor continue debugger default delete do else extends false finally for function if in " +
  "instanceof let new null of return static super switch this throw true try typeof undefined var void while on"
).split(" ");

/** The one place where it is decided how the image is made small; docs/adr/0001-toolchain.md has the measurements. */
export function terserOptions(settings: MinifySettings): MinifyOptions {
  return {
    ecma: 2015,
    module: false,
    toplevel: true,
    compress: {
      passes: 2, // a third changes nothing
      // Functions exist from the line on which they stand, not before: nothing may move them or move a call up.
      hoist_funs: false,
      hoist_vars: false,
      // A function that is used once is laid where it is used: no name, no variable and no scope of its own to keep.
      // The price: within another function it is made anew at every call of that.
      reduce_funcs: true,
      // 1: only what is an expression. More would turn the variables of a factory into globals.
      inline: 1,
      // The interpreter's own words for these are one token each, and one byte when pretokenised.
      booleans: true,
      keep_infinity: true,
      // `a && b()` costs what `if (a) b()` does; both are fine. What is not: code that counts on `arguments`.
      keep_fargs: false,
      unsafe: false,
      // `function` to arrow is never done for code with `this`; arrows are smaller and as fast.
      arrows: true,
      unsafe_arrows: true, // only a `function` that is called with `new` could tell
      unsafe_methods: true,
    },
    mangle: {
      reserved: ["of", "static", ...settings.keepVariables].sort(),
      ...(settings.mangleProperties
        ? {
            properties: {
              builtins: true, // terser's own list is the browser's; ours is what the chip has
              keep_quoted: "strict",
              reserved: [...new Set([...settings.keepProperties, ...reservedWords])].sort(),
            },
          }
        : {}),
    },
    format: {
      ecma: 2015,
      keep_numbers: true,
      comments: false,
      ascii_only: true, // bytes above 127 are not text on a board without Unicode
      quote_style: 0,
    },
    sourceMap: true,
  };
}

export async function minifyScript(code: string, settings: MinifySettings): Promise<Minified> {
  const nameCache: { props?: { props?: Record<string, string> } } = {};
  const result = await minify(code, { ...terserOptions(settings), nameCache });
  if (result.code === undefined || typeof result.map !== "string") throw new Error("terser gave no result");
  const names = Object.entries(nameCache.props?.props ?? {}).map(([key, name]) => [key.slice(1), name] as const);
  names.sort(([a], [b]) => (a < b ? -1 : 1));
  return { code: result.code, map: result.map, names: Object.fromEntries(names) };
}

/**
 * Writes whole numbers without an exponent. The minifier makes `6e4` of `60*1000`, and the interpreter a float of
 * `6e4`: slower, and one more variable in every property that holds it.
 */
export function plainIntegers(code: string): MagicString {
  const text = new MagicString(code);
  forEachNode(parse(code, { ecmaVersion: "latest", sourceType: "script" }), (node) => {
    const literal = node as typeof node & { value?: unknown; raw?: string };
    if (node.type !== "Literal" || typeof literal.value !== "number") return;
    if (/^\d[\d.]*e/i.test(literal.raw ?? "") && Number.isInteger(literal.value) && literal.value < 2 ** 31) {
      text.overwrite(node.start, node.end, String(literal.value));
    }
  });
  return text;
}
