/** SQL files are imported as text, so that `bun build --compile` carries them inside the executable. */
declare module "*.sql" {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: the shape that a text import has
  export default text;
}
