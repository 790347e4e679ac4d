/**
 * Addresses and ranges of them (CIDR, RFC 4632 and 4291), IPv4 and IPv6 alike: an IPv4 address is its mapped form
 * `::ffff:a.b.c.d`, as sockets that listen for both show it. Pure.
 */

export interface IpRange {
  readonly first: bigint;
  readonly last: bigint;
}

const BITS = 128;
const IPV4_BITS = 32;
const MAPPED = 0xffffn << 32n;
const GROUPS = 8;
const GROUP = /^[0-9a-f]{1,4}$/i;
const OCTET = /^(?:0|[1-9][0-9]{0,2})$/;
const PREFIX = /^(?:0|[1-9][0-9]{0,2})$/;

/** `203.0.113.7`, `203.0.113.0/24`, `2001:db8::/32`. Undefined: it is none, or has bits set beyond its prefix. */
export function parseIpRange(text: string): IpRange | undefined {
  const [address = "", prefix, ...rest] = text.split("/");
  const value = parseIp(address);
  if (value === undefined || rest.length > 0) return undefined;
  if (prefix === undefined) return { first: value, last: value };
  const offset = address.includes(":") ? 0 : BITS - IPV4_BITS;
  const length = PREFIX.test(prefix) ? Number(prefix) + offset : Number.NaN;
  if (!(length <= BITS)) return undefined;
  const size = 1n << BigInt(BITS - length);
  return value % size === 0n ? { first: value, last: value + size - 1n } : undefined;
}

/** An address that cannot be read is in no range. */
export function isInRanges(address: string, ranges: readonly IpRange[]): boolean {
  const value = parseSocketIp(address);
  return value !== undefined && ranges.some(({ first, last }) => first <= value && value <= last);
}

/**
 * Whose an address is, for counting: an IPv4 address alone, mapped or not, and of IPv6 the /64, which is the least that
 * anybody is given (RFC 6177). An address that cannot be read is itself.
 */
export function networkOf(address: string): string {
  const value = parseSocketIp(address);
  if (value === undefined) return address;
  return value >> 32n === MAPPED >> 32n ? `v4:${value & 0xffff_ffffn}` : `v6:${(value >> 64n).toString(16)}`;
}

/** A link-local address comes with its interface. */
function parseSocketIp(address: string): bigint | undefined {
  return parseIp(address.split("%", 1)[0] ?? "");
}

function parseIp(text: string): bigint | undefined {
  if (!text.includes(":")) {
    const value = parseIpv4(text);
    return value === undefined ? undefined : MAPPED | value;
  }
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(parseGroups);
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  const missing = GROUPS - head.length - (tail?.length ?? 0);
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...(tail ?? [])];
  return groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n);
}

/** The last of them may be an IPv4 address, which is two. */
function parseGroups(text: string): readonly number[] | undefined {
  if (text === "") return [];
  const parts = text.split(":");
  const groups: number[] = [];
  for (const [i, part] of parts.entries()) {
    const ipv4 = i === parts.length - 1 && part.includes(".") ? parseIpv4(part) : undefined;
    if (ipv4 !== undefined) groups.push(Number(ipv4 >> 16n), Number(ipv4 & 0xffffn));
    else if (GROUP.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

function parseIpv4(text: string): bigint | undefined {
  const octets = text.split(".");
  if (octets.length !== 4 || !octets.every((octet) => OCTET.test(octet) && Number(octet) <= 255)) return undefined;
  return octets.reduce((value, octet) => (value << 8n) | BigInt(octet), 0n);
}
