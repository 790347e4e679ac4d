/** The settings of all links, as the environment or a file gives them: a JSON array, one for each provider. Pure. */
import { z } from "zod";
import { type LinkSettings, linkSettingsSchema } from "./registry.ts";

const LINKS_MAX = 64;

const linksSchema = z
  .array(linkSettingsSchema)
  .min(1)
  .max(LINKS_MAX)
  .refine((links) => new Set(links.map(({ provider }) => provider)).size === links.length, {
    error: "must name each provider once",
  });

export type ReadLinks =
  | { readonly type: "links"; readonly links: readonly LinkSettings[] }
  /** One line a mistake, each with where it is. */
  | { readonly type: "wrong"; readonly problems: readonly string[] };

export function readLinks(text: string): ReadLinks {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { type: "wrong", problems: [`must be a JSON array of links, one a provider (${(error as Error).message})`] };
  }
  const parsed = linksSchema.safeParse(json);
  if (parsed.success) return { type: "links", links: parsed.data };
  return { type: "wrong", problems: parsed.error.issues.map(({ path, message }) => `${nameOf(json, path)}${message}`) };
}

/** The text of an environment's variable. */
export const linksTextSchema = z.string().transform((text, context) => {
  const read = readLinks(text);
  if (read.type === "links") return read.links;
  for (const message of read.problems) context.addIssue({ code: "custom", message });
  return z.NEVER;
});

/** The link's provider rather than its place, where it has one. */
function nameOf(json: unknown, path: readonly PropertyKey[]): string {
  const [at, ...rest] = path;
  if (at === undefined) return "";
  const link: unknown = Array.isArray(json) ? json[Number(at)] : undefined;
  const provider = typeof link === "object" && link !== null && "provider" in link ? link.provider : undefined;
  const name = typeof provider === "string" && provider !== "" ? provider : `link ${Number(at) + 1}`;
  return `${[name, ...rest.map(String)].join(".")}: `;
}
