/**
 * What the simulator was sent, for tests and audits: the last ones whole, in order, numbered from 1. What a submit says
 * is worked out only when somebody asks: that is more than half of what keeping it would cost.
 */

import { contentOf } from "#core/smpp/content.ts";
import type { PduFields } from "#core/smpp/pdu.ts";
import type { Concat } from "#domain/encoding/concat-header.ts";
import { decodePart } from "#domain/encoding/segment-text.ts";
import { createRing } from "./ring.ts";
import { recipientOf, senderOf } from "./submit-addresses.ts";

export interface RecordedSubmit {
  /** 1 for the first submit of this simulator. */
  readonly count: number;
  readonly at: number;
  /** Who was bound on the link that it came by. */
  readonly systemId: string;
  readonly from: string;
  readonly to: string;
  readonly esmClass: number;
  readonly dataCoding: number;
  /** The content as it came, header and all: short_message, or message_payload where that is empty. */
  readonly octets: Uint8Array;
  /** What it was answered: 0, a refusal's status, or nothing. */
  readonly status: number | "silent" | "dropped";
  readonly providerMessageId?: string;
}

/** One line of GET /submits. */
export interface SubmitLine extends Omit<RecordedSubmit, "octets"> {
  readonly octets: string;
  readonly text: string;
  readonly concat?: Concat;
}

/** How a submit ended, beside its fields. */
export interface SubmitEnd {
  readonly at: number;
  readonly systemId: string;
  readonly status: RecordedSubmit["status"];
  /** Empty where the submit was not taken. */
  readonly providerMessageId: string;
}

export interface SubmitRecord {
  /** `addresses`: see `addressesOf`. Copies the octets: they share memory with what the socket read. */
  add(addresses: PduFields, octets: Uint8Array, end: SubmitEnd): void;
  /** Those with a count above `since` that are still held, oldest first. */
  since(since: number): Generator<RecordedSubmit>;
}

export function createSubmitRecord(): SubmitRecord {
  const ring = createRing<{ readonly fields: PduFields; readonly octets: Uint8Array; readonly end: SubmitEnd }>();
  return {
    add(addresses, octets, end) {
      ring.add({ fields: addresses, octets: new Uint8Array(octets), end });
    },
    *since(since) {
      for (const [count, { fields, octets, end }] of ring.since(since)) {
        const { at, systemId, status, providerMessageId } = end;
        yield {
          ...{ count, at, systemId, from: senderOf(fields), to: recipientOf(fields) },
          ...{ esmClass: fields.esm_class ?? 0, dataCoding: fields.data_coding ?? 0, octets, status },
          ...(providerMessageId === "" ? {} : { providerMessageId }),
        };
      }
    },
  };
}

const NO_OCTETS = new Uint8Array(0);

export function submitOctets(fields: PduFields): Uint8Array {
  const short = fields.short_message ?? NO_OCTETS;
  return short.length > 0 ? short : (fields.message_payload ?? NO_OCTETS);
}

/** What of a submit may be kept for long: all but what shares memory with the socket's. */
export function addressesOf(fields: PduFields): PduFields {
  return {
    source_addr_ton: fields.source_addr_ton ?? 0,
    source_addr_npi: fields.source_addr_npi ?? 0,
    source_addr: fields.source_addr ?? "",
    dest_addr_ton: fields.dest_addr_ton ?? 0,
    dest_addr_npi: fields.dest_addr_npi ?? 0,
    destination_addr: fields.destination_addr ?? "",
    esm_class: fields.esm_class ?? 0,
    data_coding: fields.data_coding ?? 0,
  };
}

/** The text of a submit, and its place among parts. */
export function textOf(submit: Pick<RecordedSubmit, "esmClass" | "dataCoding" | "octets">): {
  readonly text: string;
  readonly concat?: Concat;
} {
  const fields: PduFields = { esm_class: submit.esmClass, short_message: submit.octets };
  const { octets, concat } = contentOf(fields);
  const text = decodePart(octets, submit.dataCoding === 0x08 ? "ucs2" : "gsm7");
  return concat === undefined ? { text } : { text, concat };
}

export function toLine(submit: RecordedSubmit): SubmitLine {
  const octets = Array.from(submit.octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
  return { ...submit, octets, ...textOf(submit) };
}
