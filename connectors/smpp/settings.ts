/** What the directory says about one SMPP provider. An operator's quirk is a setting here, never an `if` elsewhere. */
import { z } from "zod";

const milliseconds = z.int().positive().max(3_600_000);
const tonNpi = z.strictObject({ ton: z.int().min(0).max(255), npi: z.int().min(0).max(255) });

/** How a provider writes its message ids. Many answer in hex and send receipts in decimal. */
export const idFormSchema = z.enum(["string", "decimal", "hex"]);
export type IdForm = z.output<typeof idFormSchema>;

export const smppSettingsSchema = z.strictObject({
  provider: z.string().min(1),
  host: z.string().min(1),
  port: z.int().min(1).max(65_535),
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
  /** Unanswered deliver_sm a bind; at the bound we stop reading. */
  deliveriesInHand: z.int().min(1).max(10_000).default(500),
  connectTimeoutMs: milliseconds.default(10_000),
  bindTimeoutMs: milliseconds.default(30_000),
  responseTimeoutMs: milliseconds.default(60_000),
  /** 30 s: providers are known to drop a link after 30 s of silence, most after minutes. */
  enquireLinkMs: milliseconds.default(30_000),
  enquireLinkTimeoutMs: milliseconds.default(10_000),
  /** Back-off between attempts: doubles from the first to the second, with jitter. */
  reconnectMinMs: milliseconds.default(1_000),
  reconnectMaxMs: milliseconds.default(60_000),
  /** After the provider refused our account: asking faster only gets it locked. */
  refusedMinMs: milliseconds.default(60_000),
  refusedMaxMs: milliseconds.default(600_000),
  addresses: z
    .strictObject({
      international: tonNpi.default({ ton: 1, npi: 1 }),
      alphanumeric: tonNpi.default({ ton: 5, npi: 0 }),
      shortCode: tonNpi.default({ ton: 3, npi: 0 }),
    })
    .prefault({}),
  responseIdForm: idFormSchema.default("string"),
  receiptIdForm: idFormSchema.default("string"),
  /**
   * Takes a deliver_sm without the receipt bit for a receipt when its text reads like one. Off, as any handset could
   * write such a text; on for a provider that sends its receipts so.
   */
  receiptsWithoutBit: z.boolean().default(false),
  serviceType: z.string().max(5).default(""),
});
export type SmppSettings = z.output<typeof smppSettingsSchema>;
