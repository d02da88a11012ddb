/** `npm run build:web`: the console as static files in dist/web, to be served from any folder of any host. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";

const WORKER = "service-worker.js";
const here = import.meta.dirname;

/** Tells the service worker which files there are, and gives their cache a name that changes with them. */
function precache(): Plugin {
  return {
    name: "godwit-precache",
    enforce: "post",
    generateBundle(_, bundle) {
      const worker = bundle[WORKER];
      if (worker?.type !== "chunk") throw new Error(`${WORKER} is not in the bundle`);
      const built = Object.keys(bundle).filter((file) => file !== WORKER && !file.endsWith(".map"));
      const files = ["./", ...built.filter((file) => file !== "index.html"), ...readdirSync(`${here}/public`)].sort();
      const hash = createHash("sha256");
      for (const file of built.sort()) {
        const part = bundle[file];
        hash.update(file).update(part?.type === "asset" ? part.source : (part?.code ?? ""));
      }
      worker.code = worker.code
        .replace("__FILES__", JSON.stringify(files))
        .replace("__CACHE__", JSON.stringify(`godwit-${hash.digest("hex").slice(0, 16)}`));
    },
  };
}

const boards = readdirSync(`${here}/../boards`)
  .filter((file) => file.endsWith(".ts") && file !== "board.ts")
  .map((file) => file.slice(0, -3));
const { version } = JSON.parse(readFileSync(`${here}/../package.json`, "utf8")) as { version: string };

export default defineConfig({
  root: here,
  base: "./",
  define: { __BOARDS__: JSON.stringify(boards), __VERSION__: JSON.stringify(version) },
  plugins: [precache()],
  server: { fs: { allow: [`${here}/..`] } },
  build: {
    outDir: "../dist/web",
    emptyOutDir: true,
    target: "es2022",
    // An image inside a style sheet or a script could not be cached by itself.
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: { main: `${here}/index.html`, worker: `${here}/worker/service-worker.ts` },
      output: {
        entryFileNames: (chunk) => (chunk.name === "worker" ? WORKER : "assets/[name]-[hash].js"),
      },
    },
  },
});
