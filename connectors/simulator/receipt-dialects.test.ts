// Every dialect is read back by the platform's own parser: one that is not would lose receipts, here or there.

import { describe, expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import { decodePdu, encodePdu } from "#core/smpp/codec.ts";
import type { PduFields } from "#core/smpp/pdu.ts";
import { normaliseProviderMessageId } from "../smpp/provider-message-id.ts";
import { parseReceipt } from "../smpp/receipt.ts";
import { type IdForms, idFormNames, writeId } from "./message-ids.ts";
import type { ReceiptState } from "./plan-submit.ts";
import { type ReceiptDialectName, receiptDialect, receiptDialectNames } from "./receipt-dialects.ts";
import { createReceiptDates, type ReceiptContent, receiptFields } from "./receipt-fields.ts";

const ID = 1_763_900_000_000_123;
const DONE_AT = Date.UTC(2026, 10, 22, 17, 6, 59);
const SUBMIT: PduFields = {
  ...{ source_addr_ton: 5, source_addr_npi: 0, source_addr: "Shop" },
  ...{ dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: "491701234567" },
};
const STATES: readonly ReceiptState[] = [
  ...(["enroute", "delivered", "undelivered", "expired", "deleted", "rejected", "accepted", "unknown"] as const),
];
const dateOf = createReceiptDates();

type Form = "text" | "tlv" | "both";

function content(dialect: ReceiptDialectName, more: Partial<ReceiptContent> = {}): ReceiptContent {
  const submittedAt = dateOf(DONE_AT - 60_000);
  return { id: String(ID), state: "delivered", dialect, submittedAt, doneAt: dateOf(DONE_AT), ...more };
}

/** Over the wire and back, as the connector would read it. */
function parsed(receipt: ReceiptContent, form: Form, { withoutNul = false, withoutBit = false } = {}) {
  const fields = receiptFields(SUBMIT, receipt, { receiptForm: form, tlvWithoutNul: withoutNul });
  const command = receiptDialect(receipt.dialect).command ?? "deliver_sm";
  const pdu = decodePdu(Buffer.from(encodePdu({ command, sequence: 1, fields })));
  expect(pdu.fault).toBeUndefined();
  return parseReceipt(pdu.fields, { provider: "acme", withoutBit, idForm: "string" });
}

describe("each dialect", () => {
  for (const dialect of receiptDialectNames) {
    test(`${dialect} says its id, state and addresses in every form`, () => {
      for (const form of ["text", "tlv", "both"] as const) {
        for (const state of STATES) {
          const withoutBit = dialect === "without_bit";
          const receipt = parsed(content(dialect, { state }), form, { withoutBit });
          expect(receipt).toMatchObject({ rawProviderMessageId: String(ID), state, from: "+491701234567", to: "Shop" });
        }
      }
    });
  }

  test("those with dates say when, to the minute or to the second", () => {
    const minute = Date.UTC(2026, 10, 22, 17, 6);
    for (const dialect of receiptDialectNames) {
      const doneAt = parsed(content(dialect), "text", { withoutBit: true })?.doneAt;
      if (dialect === "without_dates") expect(doneAt).toBeUndefined();
      else expect(doneAt).toBe(dialect === "seconds" ? DONE_AT : minute);
    }
  });

  test("the error is in the text or in its TLV", () => {
    const failed = (dialect: ReceiptDialectName) => parsed(content(dialect, { state: "undelivered" }), "both")?.error;
    expect([failed("standard"), failed("unpadded"), failed("network_error")]).toEqual(["027", "27", "3:27"]);
  });

  test("without_bit is no receipt to a parser that wants the bit", () => {
    expect(parsed(content("without_bit"), "both")).toBeUndefined();
  });

  test("a TLV without its NUL is read all the same", () => {
    expect(parsed(content("standard"), "tlv", { withoutNul: true })).toMatchObject({
      rawProviderMessageId: String(ID),
    });
  });
});

describe("each form of id", () => {
  /** What has to be set on our side for the answer and for the receipt. */
  const SETTINGS: Readonly<Record<IdForms, readonly ["string" | "decimal" | "hex", "string" | "decimal" | "hex"]>> = {
    same: ["string", "string"],
    hex_then_decimal: ["hex", "decimal"],
    hex_lower_then_decimal: ["hex", "decimal"],
    hex_upper_then_lower: ["hex", "hex"],
    decimal_then_hex: ["decimal", "hex"],
    decimal_then_padded: ["decimal", "decimal"],
    padded_then_decimal: ["decimal", "decimal"],
    uuid: ["string", "string"],
  };

  for (const forms of idFormNames) {
    test(`${forms} names one message in answer and receipt, and another for the next`, () => {
      const [answerForm, receiptForm] = SETTINGS[forms];
      const answered = normaliseProviderMessageId(writeId(ID, forms, "answer"), answerForm);
      const receipted = normaliseProviderMessageId(writeId(ID, forms, "receipt"), receiptForm);
      expect(receipted).toBe(answered);
      expect(normaliseProviderMessageId(writeId(ID + 1, forms, "receipt"), receiptForm)).not.toBe(answered);
      expect(writeId(ID, forms, "answer").length).toBeLessThanOrEqual(64);
    });
  }

  test("all but the plain ones differ between answer and receipt", () => {
    const alike = idFormNames.filter((forms) => writeId(ID, forms, "answer") === writeId(ID, forms, "receipt"));
    expect(alike).toEqual(["same", "uuid"]);
    expect(writeId(ID, "uuid", "answer")).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });
});
