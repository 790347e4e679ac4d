/**
 * Whatever a provider delivers is a receipt or a reply. One that made us throw would be answered with a temporary
 * error, and so come again for ever.
 */
import { expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import { decodePdu } from "#core/smpp/codec.ts";
import type { PduFields } from "#core/smpp/pdu.ts";
import { mutatePdu } from "#core/smpp/testing/mutate-pdu.ts";
import { seeded } from "#core/smpp/testing/seeded.ts";
import { validPdus } from "#core/smpp/testing/valid-pdus.ts";
import { parseReceipt } from "./receipt.ts";
import { parseReply } from "./reply.ts";

const CASES = 50_000;
const ID_FORMS = ["string", "decimal", "hex"] as const;

/** The fields of a broken deliver_sm or data_sm that still decodes. */
function* brokenDeliveries(): Generator<{
  readonly seed: number;
  readonly octets: string;
  readonly fields: PduFields;
}> {
  const valid = validPdus();
  for (let seed = 0; seed < CASES; seed++) {
    const random = seeded(seed);
    const frame = mutatePdu(random.oneOf(valid), random, true);
    frame.writeUInt32BE(random.chance(0.8) ? 0x0000_0005 : 0x0000_0103, 4);
    const { fault, fields } = decodePdu(frame);
    if (fault === undefined) yield { seed, octets: frame.toString("hex"), fields };
  }
}

test("any deliver_sm that decodes is a receipt or a reply, with fields of the right kind", () => {
  let receipts = 0;
  let replies = 0;
  for (const { seed, octets, fields } of brokenDeliveries()) {
    try {
      for (const idForm of ID_FORMS) {
        const receipt = parseReceipt(fields, { provider: "acme", withoutBit: seed % 2 === 0, idForm });
        if (receipt !== undefined) {
          receipts++;
          expect(typeof receipt.providerMessageId).toBe("string");
          expect(Number.isNaN(receipt.doneAt ?? 0)).toBe(false);
          continue;
        }
        replies++;
        const { text, concat } = parseReply(fields, { provider: "acme", receivedAt: 0 });
        expect(typeof text).toBe("string");
        if (concat !== undefined) expect(concat.index >= 1 && concat.index <= concat.total).toBe(true);
      }
    } catch (cause) {
      throw new Error(`seed ${seed}, octets ${octets}`, { cause });
    }
  }
  expect(receipts).toBeGreaterThan(1_000);
  expect(replies).toBeGreaterThan(1_000);
});

test("a receipt cut anywhere invents nothing: its id is the one that was sent, or the beginning of it", () => {
  const text = "id:1a2b sub:001 dlvrd:001 submit date:2611221705 done date:2611221706 stat:DELIVRD err:000 text:";
  for (let end = 0; end <= text.length; end++) {
    const fields = { esm_class: 4, short_message: Buffer.from(text.slice(0, end)) };
    const receipt = parseReceipt(fields, { provider: "acme", withoutBit: false, idForm: "string" });
    expect("1a2b".startsWith(receipt?.providerMessageId ?? "none")).toBe(true);
    expect(["delivered", "unknown"]).toContain(receipt?.state ?? "none");
  }
});
