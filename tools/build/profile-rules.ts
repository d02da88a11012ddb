export interface Rule {
  /** What the interpreter does with it. */
  why: string;
  /** What to write. */
  instead: string;
}

/**
 * Everything in JavaScript that Espruino 2v29 lacks or gets silently wrong and that a look at the program can find.
 * Behind each stands a measurement on the interpreter or a place in its source (named where it surprises).
 */
export const rules = {
  // Syntax that is not there: found by the chip only when the line runs.
  "optional-chaining": { why: "`?.` is a syntax error", instead: "`a && a.b`, or an `if` before" },
  "logical-assignment": { why: "`??=`, `||=` and `&&=` are syntax errors", instead: "`if (a === undefined) a = b`" },
  "exponent-operator": { why: "`**` is a syntax error", instead: "`Math.pow(a, b)`, or a shift" },
  "spread": {
    why: "spread is a syntax error",
    instead: "`concat`, `Object.assign({}, a)` or `f.apply(undefined, list)`",
  },
  "rest": { why: "rest parameters are a syntax error", instead: "an array parameter" },
  "default-parameter": {
    why: "a default value of a parameter is a syntax error",
    instead: "`if (a === undefined) a = 1` in the body",
  },
  "destructuring": { why: "destructuring is a syntax error", instead: "`const a = o.a`" },
  "computed-key": { why: "`{[key]: 1}` is a syntax error", instead: "`o[key] = 1` after making the object" },
  "label": { why: "labels are a syntax error", instead: "a function that returns" },
  "async": { why: "`async` and `await` are syntax errors", instead: "a callback `(error, value) => …`" },
  "generator": { why: "generators are a syntax error", instead: "an array or a callback" },
  "tagged-template": { why: "tagged templates are a syntax error", instead: "a function call" },
  "bigint": { why: "BigInt is a syntax error", instead: "two 32-bit numbers" },
  "private-name": { why: "`#private` is a syntax error", instead: "a variable of the closure" },
  "meta-property": { why: "`new.target` and `import.meta` are syntax errors", instead: "a parameter" },
  "dynamic-import": { why: "there is no `import()`", instead: "a static import; the build bundles it" },
  "with": { why: "`with` is a syntax error", instead: "a variable" },
  "static-block": { why: "static blocks are a syntax error", instead: "a statement after the class" },
  "nested-new": { why: "`new new A` throws (jsparse.c, jspeFactorFunctionCall)", instead: "two statements" },
  "extends-expression": {
    why: "`extends` takes a name and nothing else (jsparse.c, jspeClassDefinition)",
    instead: "a `const` that holds the class",
  },
  "class-method-name": {
    why: "a class method cannot be called by a keyword, a string or a number (jsparse.c, jspeClassDefinition)",
    instead: "another name",
  },
  "reserved-name": { why: "`of`, `static`, `undefined` and `debugger` are reserved words", instead: "another name" },
  "unicode-escape": { why: "`\\u{…}` is a syntax error", instead: "`\\xHH` for each byte" },
  "wide-character": {
    why: "strings are bytes: a character above 255 silently loses its upper bits",
    instead: "the bytes of its UTF-8, `\\xHH`",
  },
  "default-not-last": {
    why: "`case` after `default` is a syntax error (jsparse.c, jspeStatementSwitch)",
    instead: "`default` as the last case",
  },
  "return-newline": {
    why: "the interpreter goes on reading after `return` and a line end: `return⏎x` returns x",
    instead: "`return;`",
  },
  "in-operator-in-for": {
    why: "`in` is no operator anywhere in the first part of a `for` (jsparse.c, EXEC_FOR_INIT)",
    instead: "the test in a statement before the loop",
  },

  // Runs, and does something else.
  "hoisting": {
    why: "function declarations are not hoisted: before its line the function does not exist",
    instead: "the declaration above its first use",
  },
  "function-in-loop": {
    why: "a function declared again replaces the code of the first one everywhere (jspeStatementFunctionDecl)",
    instead: "`const f = () => …`",
  },
  "loop-closure": {
    why: "all turns of a `for` share the variable in its head, so the closure sees the last value",
    instead: "`const own = i;` as the first statement of the body",
  },
  "class-field": {
    why: "a field is stored once, on the prototype: all instances share it",
    instead: "an assignment in the constructor (TypeScript makes one when useDefineForClassFields is false)",
  },
  "class-field-uninitialised": {
    why: "a field without a value is a syntax error",
    instead: "`declare x: T`, or a value",
  },
  "static-inheritance": { why: "static members are not inherited", instead: "the name of the class that has it" },
  "extends-error": {
    why: "a class that extends Error has no message and is no instance of Error",
    instead: "a plain object `{code, cause}`",
  },
  "super-in-arrow": { why: "`super` in an arrow function throws", instead: "`Base.prototype.m.call(this)`" },
  "super-depth": {
    why: "`super.m()` in a class that is extended itself calls itself for ever",
    instead: "`Base.prototype.m.call(this)`",
  },
  "finally": {
    why: "a try/catch that runs inside `finally`, in a called function too, turns the pending exception into undefined",
    instead: "the same call at the end of `try` and of `catch`",
  },
  "length-assignment": { why: "`a.length = 0` throws", instead: "a new array, or `a.splice(0)`" },
  "arguments-length": {
    why: "`arguments.length` is at least the number of declared parameters",
    instead: "`x === undefined`",
  },
  "for-in-delete": {
    why: "deleting the current key ends a `for-in` loop",
    instead: "`for (const key of Object.keys(o))`",
  },
  "compound-assignment": {
    why: "`x += f()` reads x after f has run (jsparse.c, __jspeAssignmentExpression)",
    instead: "`const y = f(); x += y`, or read x into a variable first",
  },
  "clear-all": {
    why: "without a number, or with undefined, it throws or clears every timer or watch there is",
    instead: "`if (timer !== undefined) clearTimeout(timer)`",
  },
  "promise-executor": {
    why: "a promise whose executor keeps neither resolve nor reject is freed while in use (jswrap_promise.c)",
    instead: "`Promise.resolve(value)`, or a callback",
  },
  // jswrap_regexp.c; each was compared with V8 on some thousand expressions.
  "regex": {
    why:
      "regular expressions know `. [] * + ^ $ |`, \\d \\s \\w and up to nine plain groups: no `?`, `{n}`, `(?:`, " +
      "look-ahead, back reference, group in a group, group with a quantifier, `|` in a group, or `^` but in front; no " +
      "flags but g and i",
    instead: "split, startsWith, or two expressions",
  },
  "regex-set": {
    why:
      "in a set, `[` opens a set of its own, `|` is where the next alternative begins, `/` ends the expression, and " +
      "a range cannot end in `.`, \\d, \\s or \\w, nor, with the flag i, in two kinds of characters",
    instead: "an escape: `\\[`, `\\|`, `\\x2f`, `\\.`",
  },
  "regex-alternatives": {
    why:
      "with `|`, groups are counted through all alternatives, `^` that fails ends the search, and a quantifier takes " +
      "another alternative for a match of what follows it",
    instead: "two expressions, or `^` in every alternative and quantifiers at the end of theirs",
  },
  "regex-plus": {
    why:
      "`x+` is content with no character at the end of the text, if x fits a NUL (`.`, `[^…]`, \\D, \\S, \\W), and " +
      "wherever what follows can begin with the same character",
    instead: "`xx*`",
  },
  "regex-empty-end": {
    why: "the end of the text is not tried, so `x*$` finds nothing where it would find the empty string",
    instead: "an expression that asks for a character, or begins with `^`",
  },
  "split-limit": { why: "`split` ignores its limit", instead: "`split`, and the parts that are wanted" },
  "string-search": {
    why:
      'the end of a text is a match when the needle begins with it: `"abc".indexOf("bcd")` is 1 ' +
      "(jswrap_string_indexOf; includes, replace, replaceAll and match alike)",
    instead:
      "`s.lastIndexOf(x) >= 0`, `s.split(x).length > 1`, `s.split(x).join(y)`, `s.startsWith(x)` or a regular expression",
  },
  "json-callback": {
    why: "JSON.parse has no reviver and JSON.stringify no replacer",
    instead: "a loop over the result",
  },
  "exponent-number": {
    why: "a whole number with an exponent is a float: slower, and one more variable",
    instead: "the digits",
  },
  "mixed-quotes": {
    why: 'the build renames `o.name` and leaves `o["name"]`: they would be two properties',
    instead: "the same spelling everywhere, or an interface with @public that has the name",
  },

  "renamed-json": {
    why: "the build renames it, so the JSON that is written has another name, and in what is read it is not found",
    instead: "the name in quotes, or an interface with @public that has it",
  },

  // Not there.
  "unknown-global": { why: "the boards have no such global", instead: "what types/*.d.ts declare" },
  "missing-static": { why: "the interpreter has no such member", instead: "what types/*.d.ts declare" },
  "missing-method": {
    why: "no object of the interpreter has this method",
    instead: "what types/*.d.ts declare",
  },
  "native-prototype": {
    why: "native methods exist on instances only, not on the prototype object",
    instead: "`[].slice.call(x)`",
  },
  "syntax": { why: "this is no JavaScript", instead: "a report of the build, if the TypeScript was correct" },
} satisfies Record<string, Rule>;

export type RuleId = keyof typeof rules;

/** Methods of the language's own objects that no object of the interpreter has. */
export const missingMethods = new Set(
  (
    "at flat flatMap reduceRight findLast findLastIndex copyWithin toSorted toReversed toSpliced search localeCompare " +
    "codePointAt matchAll normalize trimStart trimEnd trimLeft trimRight toPrecision toExponential toLocaleString " +
    "setUTCHours setUTCMinutes setUTCSeconds setUTCMilliseconds setUTCDate setUTCMonth setUTCFullYear toDateString " +
    "toLocaleDateString toLocaleTimeString isPrototypeOf propertyIsEnumerable once off BYTES_PER_ELEMENT " +
    "setBigInt64 getBigInt64 getBigUint64 setBigUint64"
  ).split(" "),
);
/** These too, where they are called without an argument, as arrays have them elsewhere. */
export const missingIterators = new Set(["entries", "keys", "values"]);

/** What `X.prototype.y` cannot be used of. */
export const nativeClasses = new Set(
  (
    "Object Function Array String Number Boolean RegExp Date Promise Error ArrayBuffer DataView Uint8Array Int8Array " +
    "Uint16Array Int16Array Uint32Array Int32Array Float32Array Float64Array"
  ).split(" "),
);
