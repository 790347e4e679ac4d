import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseReceipts, parseReplies } from "./parse-callback.ts";
import { httpSettingsSchema } from "./settings.ts";

const { callbacks } = httpSettingsSchema.parse({
  ...{ type: "http", provider: "acme", url: "https://a/", answers: [{ accepted: {} }] },
  callbacks: {
    secret: "0123456789abcdef",
    receipts: { items: "/a", id: "/b", state: "/c", states: { d: "delivered" }, error: "/e", doneAt: "/f" },
    replies: { from: "/a", to: "/b", text: "/c" },
  },
});
if (callbacks?.receipts === undefined || callbacks.replies === undefined) throw new Error("both were given");
const { receipts, replies } = callbacks;
const received = { provider: "acme", receivedAt: 5 };

test("any JSON is read or refused, and nothing throws", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (values) => {
      for (const parsed of [
        parseReceipts({ a: values }, receipts, "acme"),
        parseReceipts(values, receipts, "acme"),
        parseReplies(values, replies, received),
      ]) {
        expect(["items", "wrong"]).toContain(parsed.type);
      }
    }),
  );
});
