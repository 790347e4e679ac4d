/**
 * What a command_status means for the message. A link's own table goes before the default one, as providers give
 * numbers meanings of their own (0x400-0x4FF above all); a status that neither lists is ambiguous.
 */
import { isRetryable, type RefusalClass } from "../connector.ts";

/** By command_status, in decimal. */
export type StatusTable = Readonly<Record<number, RefusalClass>>;

const CLASSES: Readonly<Record<RefusalClass, readonly number[]>> = {
  throttle: [0x58],
  busy: [0x14],
  transient: [0x08, 0x64, 0x102],
  ambiguous: [0x45, 0xfe, 0xff],
  session: [0x04, 0x05],
  account: [0x0d, 0x0e, 0x0f, 0x53],
  route: [0x0a, 0x15, 0x48, 0x49, 0x100, 0x101, 0x103],
  recipient: [0x0b, 0x50, 0x51],
  request: [
    0x01, 0x02, 0x03, 0x06, 0x07, 0x33, 0x34, 0x40, 0x42, 0x43, 0x54, 0x61, 0x62, 0x63, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4,
    0x104,
  ],
  permanent: [0x0c, 0x11, 0x13, 0x65, 0x66, 0x67],
};

const classOf = new Map(
  (Object.keys(CLASSES) as RefusalClass[]).flatMap((name) => CLASSES[name].map((status) => [status, name] as const)),
);

/**
 * Total over every number but 0, which is no refusal. `own`: the link's table, by status. `retryable`: the same
 * provider may take the message later.
 */
export function classifyStatus(
  status: number,
  own: StatusTable,
): { readonly class: RefusalClass; readonly retryable: boolean } {
  const refusal = own[status] ?? classOf.get(status) ?? "ambiguous";
  return { class: refusal, retryable: isRetryable(refusal) };
}
