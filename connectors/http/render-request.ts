/** A segment as the octets of one HTTP/1.1 request [RFC 9112], by its link's templates. Pure. */
import { Buffer } from "node:buffer";
import type { OutboundSegment } from "../connector.ts";
import { mayHaveParts, valuesOf } from "./placeholders.ts";
import type { HttpSettings, JsonTemplate } from "./settings.ts";
import { parseTemplate, renderText, renderValue, type Template, type Values } from "./template.ts";

interface Content {
  readonly type: string;
  readonly text: string;
}

/** Works out once what of the settings is the same for every segment. */
export function createRequestRenderer(settings: HttpSettings): {
  /** Whether a text of several parts can be told as one. */
  readonly takesParts: boolean;
  render(segment: OutboundSegment): Buffer;
} {
  const { url, method, basic, headers, query } = settings;
  const path = parseTemplate(url.path);
  if (path === undefined) throw new TypeError("Cannot render requests as the path is no template");
  const fixed = [`host: ${url.authority}`, "accept-encoding: identity", "user-agent: godwit"];
  if (basic !== undefined) {
    fixed.push(`authorization: Basic ${Buffer.from(`${basic.user}:${basic.password}`).toString("base64")}`);
  }
  return {
    takesParts: mayHaveParts(namesOf(settings, path)),
    render(segment) {
      const values = valuesOf(segment, settings);
      const own = Object.entries(headers).map(([name, template]) => `${name}: ${renderText(template, values, String)}`);
      const content = contentOf(settings, values);
      const body = Buffer.from(content?.text ?? "");
      const target = withQuery(renderText(path, values, encodeURIComponent), form(query, values));
      const about = content === undefined ? [] : [`content-type: ${content.type}`];
      const sized = method === "GET" ? [] : [`content-length: ${body.length}`];
      const head = [`${method} ${target} HTTP/1.1`, ...fixed, ...own, ...about, ...sized, "", ""].join("\r\n");
      return Buffer.concat([Buffer.from(head, "latin1"), body]);
    },
  };
}

function namesOf({ query, body }: HttpSettings, path: Template): ReadonlySet<string> {
  const all: Template[] = [path, ...Object.values(query)];
  if (body !== undefined && "form" in body) all.push(...Object.values(body.form));
  if (body !== undefined && "xml" in body) all.push(body.xml);
  if (body !== undefined && "json" in body) all.push(...templatesOf(body.json));
  return new Set(all.flatMap(({ names }) => [...names]));
}

function templatesOf(json: JsonTemplate): readonly Template[] {
  if ("template" in json) return [json.template];
  if ("list" in json) return json.list.flatMap(templatesOf);
  return "object" in json ? Object.values(json.object).flatMap(templatesOf) : [];
}

function contentOf({ body }: HttpSettings, values: Values): Content | undefined {
  if (body === undefined) return undefined;
  if ("form" in body) return { type: "application/x-www-form-urlencoded", text: form(body.form, values) };
  if ("xml" in body) return { type: "application/xml; charset=utf-8", text: renderText(body.xml, values, escapeXml) };
  return { type: "application/json", text: JSON.stringify(renderJson(body.json, values)) };
}

/** Fields and items that are nothing but a placeholder without a value are left out. */
function renderJson(json: JsonTemplate, values: Values): unknown {
  if ("template" in json) return renderValue(json.template, values);
  if ("literal" in json) return json.literal;
  if ("list" in json) return json.list.map((item) => renderJson(item, values)).filter((item) => item !== undefined);
  return Object.fromEntries(Object.entries(json.object).map(([key, item]) => [key, renderJson(item, values)]));
}

function form(fields: Readonly<Record<string, Template>>, values: Values): string {
  const rendered = new URLSearchParams();
  for (const [name, template] of Object.entries(fields)) {
    const value = renderValue(template, values);
    if (value !== undefined) rendered.append(name, String(value));
  }
  return rendered.toString();
}

function withQuery(target: string, query: string): string {
  if (query === "") return target;
  return `${target}${target.includes("?") ? "&" : "?"}${query}`;
}

const XML_ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

function escapeXml(value: string): string {
  return value.replace(/[&<>"']/g, (character) => XML_ENTITIES[character] ?? character);
}
