/** Numbers and times as people read them. */

export function bytes(n: number): string {
  return n < 10_000 ? `${n.toLocaleString("en-US")} B` : `${(n / 1024).toFixed(1)} KB`;
}

export function rate(bytesPerS: number): string {
  return bytesPerS < 10_000
    ? `${Math.round(bytesPerS).toLocaleString("en-US")} B/s`
    : `${(bytesPerS / 1024).toFixed(1)} KB/s`;
}

/** `8 s`, `1 min 05 s`, `2 h 03 min`. */
export function seconds(s: number): string {
  const whole = Math.max(0, Math.round(s));
  const pad = (n: number) => String(n).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`;
}

/** `00:12.345` since a start. */
export function stamp(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  return `${String(minutes).padStart(2, "0")}:${((ms % 60_000) / 1000).toFixed(3).padStart(6, "0")}`;
}

/** `12:34:56.789`, by the watch of this computer. */
export function clockTime(ms: number): string {
  const date = new Date(ms);
  const pad = (n: number, digits = 2) => String(n).padStart(digits, "0");
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}.${pad(date.getMilliseconds(), 3)}`;
}

/** `2026-08-07 12:34 UTC`. */
export function date(unixS: number): string {
  return `${new Date(unixS * 1000).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

export function hex32(n: number): string {
  return (n >>> 0).toString(16).padStart(8, "0");
}

export function count(n: number, noun: string): string {
  return `${n.toLocaleString("en-US")} ${noun}${n === 1 ? "" : "s"}`;
}
