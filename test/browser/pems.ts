/** CA, certificate and key, as a user drops them on Provision. */
import type { Locator } from "playwright-core";

export interface PemFile {
  readonly name: string;
  readonly text: string;
}

export function pemsOf(texts: { ca?: string; cert?: string; key?: string }): [PemFile, PemFile, PemFile] {
  const { ca = "", cert = "", key = "" } = texts;
  return [
    { name: "ca.pem", text: ca },
    { name: "client.pem", text: cert },
    { name: "client.key", text: key },
  ];
}

export async function dropPems(panel: Locator, files: readonly PemFile[]): Promise<void> {
  await panel
    .getByLabel(/CA, certificate and key/)
    .setInputFiles(files.map(({ name, text }) => ({ name, mimeType: "text/plain", buffer: Buffer.from(text) })));
}
