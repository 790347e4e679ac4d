/**
 * PDU octets to values and back, by the tables of the `smpp` package, which no other file imports. Its own encoder,
 * decoder and sockets stay unused: they mis-read C-string TLVs without a NUL, drop vendors' TLVs, guess at charsets,
 * throw in strict (bundled) code on message_payload, and stop reading after one bad PDU. Decoding never throws: a PDU
 * whose header is whole becomes a value, with a `fault` when its body is not.
 */
import { Buffer } from "node:buffer";
import smpp from "smpp";
import { HEADER_BYTES, isResponseId, type OutgoingPdu, type Pdu, type PduFields, Status } from "./pdu.ts";
import type { FieldType, SmppTables } from "./smpp-tables.ts";

const tables = smpp as unknown as SmppTables;

interface Command {
  readonly name: string;
  readonly id: number;
  readonly params: readonly (readonly [name: string, type: FieldType])[];
  readonly paramNames: ReadonlySet<string>;
}
interface Tlv {
  readonly name: string;
  readonly id: number;
  readonly type: FieldType;
  readonly multiple: boolean;
}
type Values = Record<string, unknown>;

/** Read by latin1, which loses no octet; `end` bounds it, as a peer may leave out the last NUL. */
function readCString(buffer: Buffer, offset: number, end: number): string {
  const nul = buffer.indexOf(0, offset);
  return buffer.toString("latin1", offset, nul < 0 || nul > end ? end : nul);
}

/** In a body: up to and with the NUL. */
const cstringParam: FieldType = {
  read: (buffer, offset) => readCString(buffer as Buffer, offset, buffer.length),
  write(value, buffer, offset) {
    const text = String(value ?? "");
    (buffer as Buffer).write(text, offset, "latin1");
    buffer[offset + text.length] = 0;
  },
  size: (value) => String(value ?? "").length + 1,
  default: "",
};

/** In a TLV: exactly `length` octets, of which a NUL at the end is not part of the value. Written with it. */
const cstringTlv: FieldType = {
  ...cstringParam,
  read: (buffer, offset, length = 0) => readCString(buffer as Buffer, offset, offset + length),
};

const commandsByName = new Map<string, Command>();
const commandsById = new Map<number, Command>();
for (const [name, { id, params = {} }] of Object.entries(tables.commands)) {
  const typed = Object.entries(params).map(
    ([field, { type }]) => [field, type === tables.types.cstring ? cstringParam : type] as const,
  );
  const command = { name, id, params: typed, paramNames: new Set(Object.keys(params)) };
  commandsByName.set(name, command);
  commandsById.set(id, command);
}

const tlvsByName = new Map<string, Tlv>();
const tlvsById = new Map<number, Tlv>();
for (const { id, tag, type, multiple = false } of Object.values(tables.tlvs)) {
  const tlv = { name: tag, id, type: type === tables.types.tlv.cstring ? cstringTlv : type, multiple };
  tlvsByName.set(tag, tlv);
  tlvsById.set(id, tlv);
}

/** The two faults a body can have [SMPP 3.4 §5.1.3]: its mandatory part is cut short, or its TLVs run past the end. */
class BodyFault extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`Cannot read PDU body: status is ${status}`);
    this.status = status;
  }
}

/** The command that answers `command`; undefined for the few that have none (alert_notification, outbind). */
export function responseTo(command: string): string | undefined {
  const response = `${command}_resp`;
  return commandsByName.has(response) ? response : undefined;
}

/**
 * One whole PDU (`frame.length` = its command_length ≥ 16). Values share the frame's memory: copy what is kept for
 * long. Never throws.
 */
export function decodePdu(frame: Buffer): Pdu {
  const commandId = frame.readUInt32BE(4);
  const status = frame.readUInt32BE(8);
  const sequence = frame.readUInt32BE(12);
  const command = commandsById.get(commandId);
  if (command === undefined) return { command: "unknown", commandId, status, sequence, fields: {} };
  const values: Values = {};
  try {
    readTlvs(frame, readParams(frame, command, values), values);
  } catch (error) {
    const fault = error instanceof BodyFault ? error.status : Status.invalidLength;
    return { command: command.name, commandId, status, sequence, fields: values, fault };
  }
  return { command: command.name, commandId, status, sequence, fields: values };
}

/** Error responses may be a header alone, so a body may end before any field. */
function readParams(frame: Buffer, command: Command, values: Values): number {
  let offset = HEADER_BYTES;
  for (const [name, type] of command.params) {
    if (offset >= frame.length) {
      if (isResponseId(command.id)) break;
      throw new BodyFault(Status.invalidLength);
    }
    // The package reads as many octets as there are, though sm_length promises more: half a message would pass for one.
    if (type === tables.types.buffer && offset + 1 + (frame[offset] ?? 0) > frame.length) {
      throw new BodyFault(Status.invalidLength);
    }
    const value = type.read(frame, offset);
    values[name] = value;
    offset += type.size(value);
    // A C-string's size counts its NUL: one that ends with the frame instead is forgiven.
    if (offset > frame.length + (type === cstringParam ? 1 : 0)) throw new BodyFault(Status.invalidLength);
  }
  return offset;
}

function readTlvs(frame: Buffer, start: number, values: Values): void {
  let offset = start;
  while (offset < frame.length) {
    const valueAt = offset + 4;
    if (valueAt > frame.length) throw new BodyFault(Status.invalidTlvStream);
    const id = frame.readUInt16BE(offset);
    const length = frame.readUInt16BE(offset + 2);
    const end = valueAt + length;
    if (end > frame.length) throw new BodyFault(Status.invalidTlvStream);
    readTlv(frame, id, valueAt, length, values);
    offset = end;
  }
}

function readTlv(frame: Buffer, id: number, offset: number, length: number, values: Values): void {
  const tlv = tlvsById.get(id);
  if (tlv === undefined) {
    append(values, "unknown_tlvs", { id, value: frame.subarray(offset, offset + length) });
    return;
  }
  // A number of the wrong width would read its neighbour's octets.
  if (length < widthOf(tlv.type)) throw new BodyFault(Status.invalidTlvStream);
  const value = tlv.type.read(frame, offset, length);
  if (tlv.multiple) append(values, tlv.name, value);
  else values[tlv.name] = value;
}

function widthOf(type: FieldType): number {
  const { int8, int16, int32 } = tables.types;
  return type === int8 ? 1 : type === int16 ? 2 : type === int32 ? 4 : 0;
}

function append(values: Values, name: string, value: unknown): void {
  const list = values[name];
  if (Array.isArray(list)) list.push(value);
  else values[name] = [value];
}

/** A field that the wire cannot carry. Programmer error unless the field is an address, which a caller may map. */
export class PduFieldError extends RangeError {
  readonly code = "pdu_field";
  readonly field: string;
  constructor(field: string, octets: number, max: number) {
    super(`Cannot encode PDU as '${field}' must have at most ${max} octets: current length is ${octets}`);
    this.name = "PduFieldError";
    this.field = field;
  }
}

/** Octets without the NUL [SMPP 3.4 §5.2]. */
const FIELD_OCTETS_MAX: Readonly<Record<string, number>> = {
  system_id: 15,
  password: 8,
  system_type: 12,
  service_type: 5,
  source_addr: 20,
  destination_addr: 20,
  validity_period: 16,
  message_id: 64,
  short_message: 254,
  receipted_message_id: 64,
  message_payload: 65_000,
};

/**
 * The octets of one PDU, command_length filled in. With a status the body is left out, as the specification says of
 * error responses. Absent mandatory fields are empty or 0. Throws PduFieldError on a field that is too long.
 */
export function encodePdu(pdu: OutgoingPdu): Buffer {
  const command = commandsByName.get(pdu.command);
  if (command === undefined) throw new TypeError(`Cannot encode PDU as no command is called '${pdu.command}'`);
  const status = pdu.status ?? Status.ok;
  const values = status === Status.ok ? ((pdu.fields ?? {}) as Values) : {};
  checkLengths(values);
  const params = status === Status.ok ? command.params : [];
  const optional = Object.keys(values).filter((name) => !command.paramNames.has(name) && values[name] !== undefined);
  let length = HEADER_BYTES;
  for (const [name, type] of params) length += type.size(values[name] ?? type.default);
  for (const name of optional) length += sizeOfTlv(name, values[name]);

  const frame = Buffer.allocUnsafe(length);
  frame.writeUInt32BE(length, 0);
  frame.writeUInt32BE(command.id, 4);
  frame.writeUInt32BE(status, 8);
  frame.writeUInt32BE(pdu.sequence, 12);
  let offset = HEADER_BYTES;
  for (const [name, type] of params) {
    const value = values[name] ?? type.default;
    writeValue(type, value, frame, offset);
    offset += type.size(value);
  }
  for (const name of optional) offset = writeTlv(name, values[name], frame, offset);
  return frame;
}

function checkLengths(values: Values): void {
  for (const name in values) {
    const max = FIELD_OCTETS_MAX[name];
    const value = values[name];
    if (max === undefined || (typeof value !== "string" && !(value instanceof Uint8Array))) continue;
    if (value.length > max) throw new PduFieldError(name, value.length, max);
  }
}

type UnknownTlvs = NonNullable<PduFields["unknown_tlvs"]>;

function tlvNamed(name: string): Tlv {
  const tlv = tlvsByName.get(name);
  if (tlv === undefined) throw new TypeError(`Cannot encode PDU as no field is called '${name}'`);
  return tlv;
}

function sizeOfTlv(name: string, value: unknown): number {
  if (name === "unknown_tlvs") return (value as UnknownTlvs).reduce((sum, tlv) => sum + 4 + tlv.value.length, 0);
  const { type, multiple } = tlvNamed(name);
  const list = multiple ? (value as unknown[]) : [value];
  return list.reduce<number>((sum, one) => sum + 4 + type.size(one), 0);
}

function writeTlv(name: string, value: unknown, frame: Buffer, start: number): number {
  let offset = start;
  const put = (id: number, type: FieldType, one: unknown): void => {
    const size = type.size(one);
    frame.writeUInt16BE(id, offset);
    frame.writeUInt16BE(size, offset + 2);
    writeValue(type, one, frame, offset + 4);
    offset += 4 + size;
  };
  if (name === "unknown_tlvs") {
    for (const tlv of value as UnknownTlvs) put(tlv.id, tables.types.tlv.buffer, tlv.value);
    return offset;
  }
  const { id, type, multiple } = tlvNamed(name);
  for (const one of multiple ? (value as unknown[]) : [value]) put(id, type, one);
  return offset;
}

/** The package writes octets by `Buffer.copy`: a plain Uint8Array is wrapped, not copied. */
function writeValue(type: FieldType, value: unknown, frame: Buffer, offset: number): void {
  const plainOctets = value instanceof Uint8Array && !Buffer.isBuffer(value);
  const octets = plainOctets ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
  type.write(octets, frame, offset);
}
