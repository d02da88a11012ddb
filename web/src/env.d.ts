/** What vite.config.ts and Vite itself put in. */
declare module "*.md?raw" {
  const text: string;
  export default text;
}
declare module "*.css";

/** Names of the files in boards/. */
declare const __BOARDS__: readonly string[];
declare const __VERSION__: string;

interface ImportMeta {
  readonly env: { readonly PROD: boolean };
}
