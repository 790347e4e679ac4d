/** What the directory says about one SMPP provider. An operator's quirk is a setting here, never an `if` elsewhere. */
import { Buffer } from "node:buffer";
import { z } from "zod";
import { refusalClasses } from "../connector.ts";
import { tlsSchema } from "../tls-settings.ts";

const milliseconds = z.int().positive().max(3_600_000);
const octet = z.int().min(0).max(0xff);
const tonNpi = z.strictObject({ ton: octet, npi: octet });
/** Those that SMPP keeps for vendors [SMPP 3.4 §5.3.1]. */
const tlvId = z.int().min(0x1400).max(0x3fff);
const tlvSchema = z
  .union(
    [
      z.strictObject({ id: tlvId, text: z.string().max(254) }),
      z.strictObject({
        id: tlvId,
        hex: z
          .string()
          .regex(/^(?:[0-9a-f]{2})*$/i)
          .max(508),
      }),
    ],
    { error: "must be { id: 5120-16383, text } or { id: 5120-16383, hex }" },
  )
  .transform((tlv) => ({ id: tlv.id, value: "hex" in tlv ? Buffer.from(tlv.hex, "hex") : cString(tlv.text) }));

function cString(text: string): Buffer {
  return Buffer.from(`${text}\0`, "latin1");
}

/** How a provider writes its message ids. Many answer in hex and send receipts in decimal. */
export const idFormSchema = z.enum(["string", "decimal", "hex"]);
export type IdForm = z.output<typeof idFormSchema>;

export const smppSettingsSchema = z.strictObject({
  type: z.literal("smpp"),
  provider: z.string().min(1),
  host: z.string().min(1),
  port: z.int().min(1).max(65_535),
  /** Absent: in the clear, as most of SMPP goes. */
  tls: tlsSchema.optional(),
  systemId: z.string().min(1).max(15),
  password: z.string().max(8),
  systemType: z.string().max(12).default(""),
  interfaceVersion: z.int().min(0x33).max(0x50).default(0x34),
  /** One transceiver a bind, or a transmitter and a receiver, as 3.3-style providers want. */
  bindAs: z.enum(["trx", "tx+rx"]).default("trx"),
  /** Parallel binds (pairs of them for "tx+rx"); the provider caps them. */
  binds: z.int().min(1).max(32).default(1),
  /** Unanswered submit_sm a bind. Throughput = binds × window ÷ round trip. */
  window: z.int().min(1).max(1_000).default(50),
  /** Segments a second a bind, as contracted; absent: what the window lets through until the provider complains. */
  ratePerSecond: z.number().min(0.1).max(10_000).optional(),
  /** What this provider means by a command_status, before the default table: `{"1035":"permanent"}`, in decimal. */
  statuses: z.record(z.string().regex(/^[1-9][0-9]{0,9}$/), z.enum(refusalClasses)).default({}),
  /** Unanswered deliver_sm a bind; at the bound we stop reading. */
  deliveriesInHand: z.int().min(1).max(10_000).default(500),
  connectTimeoutMs: milliseconds.default(10_000),
  bindTimeoutMs: milliseconds.default(30_000),
  responseTimeoutMs: milliseconds.default(60_000),
  /** A link whose answers take longer on average is told as slow. */
  slowAnswerMs: milliseconds.default(5_000),
  /** 30 s: providers are known to drop a link after 30 s of silence, most after minutes. */
  enquireLinkMs: milliseconds.default(30_000),
  enquireLinkTimeoutMs: milliseconds.default(10_000),
  /** Back-off between attempts: doubles from the first to the second, with jitter. */
  reconnectMinMs: milliseconds.default(1_000),
  reconnectMaxMs: milliseconds.default(60_000),
  /** After the provider refused our account: asking faster only gets it locked. */
  refusedMinMs: milliseconds.default(60_000),
  refusedMaxMs: milliseconds.default(600_000),
  /** How numbers are marked; `prefix` goes before an international one. */
  addresses: z
    .strictObject({
      international: tonNpi
        .extend({ prefix: z.enum(["", "+", "00"]).default("") })
        .default({ ton: 1, npi: 1, prefix: "" }),
      alphanumeric: tonNpi.default({ ton: 5, npi: 0 }),
      shortCode: tonNpi.default({ ton: 3, npi: 0 }),
    })
    .prefault({}),
  /** How text of the GSM alphabet goes: a septet an octet, or as Latin-1 where the SMSC translates. */
  charset: z.enum(["gsm7", "latin1"]).default("gsm7"),
  /** data_coding for each; 0 is the SMSC's own alphabet, which most take for GSM 03.38. */
  dataCodings: z.strictObject({ gsm7: octet.default(0x00), ucs2: octet.default(0x08) }).prefault({}),
  /** How parts are numbered: by a header in their content (8-bit reference), or by TLVs of which the SMSC makes one. */
  concatenation: z.enum(["udh", "sar"]).default("udh"),
  contentIn: z.enum(["short_message", "message_payload"]).default("short_message"),
  /** Relative needs no clock but the provider's; "none" for one that refuses the field. */
  validity: z.enum(["relative", "absolute", "none"]).default("relative"),
  /** Receipts to ask for. Without any, a message stays `submitted` until its account's receipt time-out. */
  receipts: z.enum(["final", "intermediate", "failure", "none"]).default("final"),
  /** Vendors' TLVs, the same on each submit_sm: `{"id":5120,"text":"1101…"}` or `{"id":5121,"hex":"00ff"}`. */
  tlvs: z.array(tlvSchema).max(16).default([]),
  /** Finds out how receipts write ids, from those that fit no submit; only while both forms below are "string". */
  learnIds: z.boolean().default(true),
  responseIdForm: idFormSchema.default("string"),
  receiptIdForm: idFormSchema.default("string"),
  /**
   * Takes a deliver_sm without the receipt bit for a receipt when its text reads like one. Off, as any handset could
   * write such a text; on for a provider that sends its receipts so.
   */
  receiptsWithoutBit: z.boolean().default(false),
  /** Logs every PDU of the link, numbers masked and texts left out: for a person who looks into a provider's quirk. */
  trace: z.boolean().default(false),
  serviceType: z.string().max(5).default(""),
});
export type SmppSettings = z.output<typeof smppSettingsSchema>;
