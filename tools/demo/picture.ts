/**
 * Turns what a program printed on a colour terminal into an SVG picture of that terminal:
 *   FORCE_COLOR=1 npm start -s -- --once 2 | node --import tsx tools/demo/picture.ts "npm start" > docs/demo.svg
 */
import { pathToFileURL } from "node:url";

interface Style {
  readonly colour: string;
  readonly bold: boolean;
  readonly dim: boolean;
}

interface Run extends Style {
  readonly column: number;
  readonly text: string;
}

const FONT_PX = 13;
/** Advance of most monospaced fonts, in em; `textLength` makes the others fit. */
const ADVANCE_PX = FONT_PX * 0.6;
const LINE_PX = 18;
const PADDING_PX = 18;
const BAR_PX = 34;

const FOREGROUND = "#d8dee9";
/** By SGR number (ECMA-48, 8.3.117). */
const COLOURS: Readonly<Record<number, string>> = {
  31: "#ff6b6b",
  32: "#8fd18a",
  33: "#f0c674",
  34: "#7fb3ff",
  35: "#d7a6ff",
  36: "#6fd3d3",
  39: FOREGROUND,
};
const PLAIN: Style = { colour: FOREGROUND, bold: false, dim: false };

function apply(style: Style, code: number): Style {
  if (code === 0) return PLAIN;
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 22) return { ...style, bold: false, dim: false };
  const colour = COLOURS[code];
  return colour === undefined ? style : { ...style, colour };
}

/** Pieces of one line that look the same; blanks alone are left out. */
export function readRuns(line: string): Run[] {
  const runs: Run[] = [];
  let style = PLAIN;
  let column = 0;
  // The escape sequences stand at the odd places.
  for (const [index, part] of line.split(new RegExp(`${String.fromCharCode(27)}\\[([0-9;]*)m`)).entries()) {
    if (index % 2 === 1) style = part.split(";").map(Number).reduce(apply, style);
    else {
      const text = part.trimStart();
      if (text.trimEnd() !== "")
        runs.push({ ...style, column: column + part.length - text.length, text: text.trimEnd() });
      column += part.length;
    }
  }
  return runs;
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

const px = (value: number): string => String(Math.round(value * 10) / 10);

function drawRun({ column, text, colour, bold, dim }: Run): string {
  const look = `${bold ? ' font-weight="bold"' : ""}${dim ? ' fill-opacity="0.6"' : ""}`;
  const x = px(PADDING_PX + column * ADVANCE_PX);
  return `<tspan x="${x}" textLength="${px(text.length * ADVANCE_PX)}" fill="${colour}"${look}>${escapeXml(text)}</tspan>`;
}

export function drawTerminal(output: string, title: string): string {
  const lines = output.trimEnd().split("\n").map(readRuns);
  const columns = Math.max(40, ...lines.flat().map(({ column, text }) => column + text.length));
  const width = Math.ceil(2 * PADDING_PX + columns * ADVANCE_PX);
  const height = BAR_PX + 2 * PADDING_PX + lines.length * LINE_PX;
  const lights = ["#ff5f57", "#febc2e", "#28c840"].map(
    (colour, index) => `<circle cx="${20 + index * 20}" cy="${BAR_PX / 2}" r="6" fill="${colour}"/>`,
  );
  const rows = lines.map((runs, index) => {
    const y = BAR_PX + PADDING_PX + index * LINE_PX + FONT_PX;
    return runs.length === 0 ? "" : `<text y="${y}" xml:space="preserve">${runs.map(drawRun).join("")}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeXml(title)}" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${FONT_PX}">`,
    `<rect width="100%" height="100%" rx="10" fill="#1b1f27"/>`,
    ...lights,
    `<text x="${width / 2}" y="${BAR_PX / 2 + 4}" text-anchor="middle" fill="#8a93a5">${escapeXml(title)}</text>`,
    ...rows.filter((row) => row !== ""),
    "</svg>\n",
  ].join("\n");
}

async function main(title: string): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  process.stdout.write(drawTerminal(Buffer.concat(chunks).toString(), title));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main(process.argv[2] ?? "godwit");
