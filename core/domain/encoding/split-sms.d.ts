/** The package has no types; only our property tests use it, as an oracle. */
declare module "split-sms" {
  export function split(text: string): { readonly parts: readonly { readonly content: string }[] };
}
