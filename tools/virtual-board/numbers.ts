/** jsutils.c, ftoa_bounded_extra: nearer to an integer than this is that integer, and smaller remainders are dropped. */
const STOP_AT = 0.0000001;
const MAX_DIGITS = 12;

/** Numbers as Espruino prints them: about eleven digits, `10e+20`; with `digits` as its toFixed, which never carries. */
export function formatNumber(value: number, radix = 10, digits = -1): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value < 0 ? "-Infinity" : "Infinity";
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 31 && digits < 0) return value.toString(radix);
  const sign = value < 0 ? "-" : "";
  const scaled =
    radix === 10 && value !== 0 && digits < 0 ? scale(Math.abs(value)) : { value: Math.abs(value), exponent: 0 };
  let rest = scaled.value;
  if (Math.trunc(rest + STOP_AT) === 1 + Math.trunc(rest)) rest = 1 + Math.trunc(rest);
  const whole = Math.trunc(rest);
  rest -= whole;
  const { exponent } = scaled;
  const suffix = exponent === 0 ? "" : `e${exponent > 0 ? "+" : ""}${exponent}`;
  return sign + whole.toString(radix) + fraction(rest, radix, digits) + suffix;
}

function scale(value: number): { value: number; exponent: number } {
  let exponent = 0;
  let left = value;
  if (left >= 1e21) {
    for (; left > 100000; exponent += 5) left /= 100000;
    for (; left > 10; exponent++) left /= 10;
  } else if (left < 1e-6) {
    for (; left < 1e-5; exponent -= 5) left *= 100000;
    for (; left < 1; exponent--) left *= 10;
  }
  return { value: left, exponent };
}

function fraction(value: number, radix: number, digits: number): string {
  let text = "";
  let left = digits;
  let rest = value * radix;
  while ((left < 0 && left > -MAX_DIGITS && rest > STOP_AT) || left > 0) {
    let digit = Math.trunc(rest + (left === 1 ? 0.5 : 0.00000001));
    rest = (rest - digit) * radix;
    if (digit === radix) digit = radix - 1;
    text += digit.toString(radix);
    left--;
  }
  return text === "" ? "" : `.${text}`;
}
