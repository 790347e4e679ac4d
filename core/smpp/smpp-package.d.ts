/** `smpp` 0.5.1 has no types; smpp-tables.ts says what we use of it. */
declare module "smpp" {
  const tables: unknown;
  // biome-ignore lint/style/noDefaultExport: a CommonJS module has no other shape on every runtime.
  export default tables;
}
