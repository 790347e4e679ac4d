import { expect, test } from "bun:test";
import { z } from "zod";
import { segment } from "../testing/connector-kit.ts";
import { createRequestRenderer } from "./render-request.ts";
import { httpSettingsSchema } from "./settings.ts";

const REQUIRED = {
  type: "http",
  provider: "acme",
  url: "https://api.acme.example/v2/{to}/send?v=1",
  answers: [{ accepted: { id: "/id" } }],
};
const HARD = { to: "+491701234567", from: "A&B", part: 'Ein "Test" & <mehr>\n{to} 😀', encoding: "ucs2" } as const;

function lines(more: object, part: Parameters<typeof segment>[0] = {}): readonly string[] {
  const renderer = createRequestRenderer(httpSettingsSchema.parse({ ...REQUIRED, ...more }));
  return renderer.render(segment(part)).toString("utf8").split("\r\n");
}
const bodyOf = (more: object, part: Parameters<typeof segment>[0] = {}): string => lines(more, part).at(-1) ?? "";

test("one request is a request line, its headers, and a body of the length it says", () => {
  const basic = { user: "godwit", password: "s:cret" };
  const head = lines({ basic, headers: { "Idempotency-Key": "{key}" }, body: { form: { t: "{text}" } } }, HARD);
  expect(head).toEqual([
    "POST /v2/%2B491701234567/send?v=1 HTTP/1.1",
    "host: api.acme.example",
    "accept-encoding: identity",
    "user-agent: godwit",
    `authorization: Basic ${btoa("godwit:s:cret")}`,
    "Idempotency-Key: m-0",
    "content-type: application/x-www-form-urlencoded",
    `content-length: ${Buffer.byteLength(head.at(-1) ?? "")}`,
    "",
    "t=Ein+%22Test%22+%26+%3Cmehr%3E%0A%7Bto%7D+%F0%9F%98%80",
  ]);
});

test("GET puts all of it into the address, and has no body", () => {
  const [line, ...rest] = lines({ method: "GET", query: { from: "{from}", text: "{text}" }, numberPrefix: "" }, HARD);
  expect(line).toBe(
    "GET /v2/491701234567/send?v=1&from=A%26B&text=Ein+%22Test%22+%26+%3Cmehr%3E%0A%7Bto%7D+%F0%9F%98%80 HTTP/1.1",
  );
  expect(rest.some((header) => header.startsWith("content-"))).toBe(false);
});

test("what a text holds is data in JSON and in XML, and no placeholder of its own", () => {
  const json = { messages: [{ to: "{to}", body: "{{{text}}}", n: "{part}", ttl: "{validitySeconds}", on: true }] };
  expect(JSON.parse(bodyOf({ body: { json } }, HARD))).toEqual({
    messages: [{ to: HARD.to, body: `{${HARD.part}}`, n: 1, on: true }],
  });
  expect(JSON.parse(bodyOf({ body: { json } }, { ...HARD, validitySeconds: 60 })).messages[0].ttl).toBe(60);
  expect(bodyOf({ body: { xml: "<m from='{from}'>{text}</m>" } }, HARD)).toBe(
    "<m from='A&amp;B'>Ein &quot;Test&quot; &amp; &lt;mehr&gt;\n{to} 😀</m>",
  );
});

test("parts are numbered for who asks for their places", () => {
  const place = { segment: 1, segments: 3, concatReference: 0x1234, part: "é€" };
  const form = { udh: "{udh}", hex: "{hex}", n: "{part}/{parts}", ref: "{reference}" };
  expect(bodyOf({ body: { form } }, place)).toBe("udh=050003340302&hex=051b65&n=2%2F3&ref=4660");
  expect(bodyOf({ body: { form } }, { part: "x" })).toBe("hex=78&n=1%2F1&ref=1");
  const takesParts = (more: object): boolean =>
    createRequestRenderer(httpSettingsSchema.parse({ ...REQUIRED, ...more })).takesParts;
  expect(takesParts({ body: { json: { a: [{ b: "{udh}" }] } } })).toBe(true);
  expect(takesParts({ body: { json: { a: "{text}", b: "{parts}" } } })).toBe(false);
});

test("settings that cannot be are refused by name, with what there is instead", () => {
  const problems = (own: object): string =>
    z.prettifyError(httpSettingsSchema.safeParse({ ...REQUIRED, ...own }).error ?? new z.ZodError([]));
  expect(problems({ query: { a: "{tho}" } })).toContain("names {tho}, and there is none: there are {to}, {from}");
  expect(problems({ query: { a: "{" } })).toContain("write {{ or }} for a plain one");
  expect(problems({ headers: { "x-text": "{text}" } })).toContain("there are {key}");
  expect(problems({ headers: { "x-a": "a\r\nb: c" } })).toContain("must be printable ASCII");
  expect(problems({ headers: { Host: "a" } })).toContain("headers");
  expect(problems({ url: "https://{to}.example/" })).toContain("a host without placeholders");
  expect(problems({ url: "ftp://a/" })).toContain("must be http:// or https://");
  expect(problems({ method: "GET", body: { json: {} } })).toContain("must not be there with GET");
  expect(problems({ answers: [{ refused: { class: "route" } }] })).toContain("must have an answer that says accepted");
  expect(problems({ answers: [{ accepted: {}, unclear: true }] })).toContain("must say one of");
  expect(problems({ answers: [{ accepted: {}, matches: "(" }] })).toContain("must be a regular expression");
  expect(problems({ url: "http://a/", tls: {} })).toContain("must not be there without https");
  expect(problems({ callbacks: { secret: "short" } })).toContain("must be 16 to 200 letters");
});

test.each([
  ["https://a.example", "a.example", 443, "/"],
  ["http://a.example/x", "a.example", 80, "/x"],
  ["https://a.example:80?x=1", "a.example", 80, "/?x=1"],
  ["http://[::1]:8080/x", "::1", 8_080, "/x"],
])("%s is asked at its host and port", (url, host, port, path) => {
  expect(httpSettingsSchema.parse({ ...REQUIRED, url }).url).toMatchObject({ host, port, path });
});
