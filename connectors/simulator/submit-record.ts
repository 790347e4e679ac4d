/** What the simulator was sent, for tests and audits: the last ones whole, in order, numbered from 1. */

import type { PduFields } from "#core/smpp/pdu.ts";
import type { Concat } from "#domain/encoding/concat-header.ts";
import { decodePart } from "#domain/encoding/segment-text.ts";
import { contentOf } from "../smpp/content.ts";
import { createRing } from "./ring.ts";

export interface RecordedSubmit {
  /** 1 for the first submit of this simulator. */
  readonly count: number;
  readonly at: number;
  readonly from: string;
  readonly to: string;
  readonly esmClass: number;
  readonly dataCoding: number;
  /** short_message as it came, header and all. */
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

export interface SubmitRecord {
  /** Copies the octets: they share memory with what the socket read. */
  add(submit: Omit<RecordedSubmit, "count">): void;
  /** Those with a count above `since` that are still held, oldest first. */
  since(since: number): readonly RecordedSubmit[];
}

export function createSubmitRecord(): SubmitRecord {
  const ring = createRing<Omit<RecordedSubmit, "count">>();
  return {
    add: (submit) => ring.add({ ...submit, octets: submit.octets.slice() }),
    since: ring.since,
  };
}

/** The text of a submit, decoded only when somebody asks: it is half of what a submit would cost. */
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
