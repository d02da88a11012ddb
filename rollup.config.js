// `npx rollup -c --config-board rak5010` builds what `npx godwit build --board rak5010` builds: rollup is run by the
// pipeline in tools/build, so that the build, the tests and this file cannot drift apart.
import { register } from "tsx/esm/api";

register();

export default async ({ "config-board": board = "rak5010" }) => {
  const { bundleFirmware } = await import("./tools/build/firmware.ts");
  const firmware = await bundleFirmware({ board });
  if (firmware.findings.length > 0) {
    const { formatFinding } = await import("./tools/build/profile.ts");
    throw new Error(firmware.findings.map((finding) => formatFinding(finding, `dist/${board}.js`)).join("\n"));
  }
  const names = `${JSON.stringify(firmware.names, null, 1)}\n`;
  return {
    input: "godwit:image",
    plugins: [
      {
        name: "godwit-image",
        resolveId: (id) => id,
        load: () => ({ code: firmware.code, map: firmware.map, moduleSideEffects: "no-treeshake" }),
        // Rollup prints programs in its own way; the image stays as the pipeline made it.
        renderChunk: () => ({ code: firmware.code, map: null }),
        generateBundle(_options, bundle) {
          bundle[`${board}.js`].code = firmware.code;
          this.emitFile({ type: "asset", fileName: `${board}.js.map`, source: firmware.map });
          this.emitFile({ type: "asset", fileName: `${board}.names.json`, source: names });
        },
      },
    ],
    output: { dir: "dist", format: "es", entryFileNames: `${board}.js` },
  };
};
