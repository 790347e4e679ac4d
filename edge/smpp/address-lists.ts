/**
 * The lists of addresses of accounts, each read once: whether an address is on one costs the same for every account,
 * and for none at all, so that time does not tell which accounts there are.
 */
import { type IpRange, isInRanges, parseIpRange } from "#core/directory/ip-range.ts";

export interface AddressLists {
  /** `list`: as the directory has it; that same array is known again. */
  isListed(list: readonly string[], address: string): boolean;
}

export function createAddressLists(): AddressLists {
  const read = new WeakMap<readonly string[], readonly IpRange[]>();
  return {
    isListed(list, address) {
      const ranges = read.get(list) ?? list.flatMap((range) => parseIpRange(range) ?? []);
      read.set(list, ranges);
      return isInRanges(address, ranges);
    },
  };
}
