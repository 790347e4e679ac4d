import { expect, test } from "bun:test";
import { isInRanges, networkOf, parseIpRange } from "./ip-range.ts";

const isIn = (address: string, ...ranges: string[]): boolean =>
  isInRanges(
    address,
    ranges.flatMap((range) => parseIpRange(range) ?? []),
  );

test("an address is in a range by its leading bits, whichever way a socket writes it", () => {
  expect(isIn("203.0.113.7", "203.0.113.0/24")).toBe(true);
  expect(isIn("::ffff:203.0.113.7", "203.0.113.0/24")).toBe(true);
  expect(isIn("::ffff:cb00:7107", "203.0.113.7")).toBe(true);
  expect(isIn("203.0.114.7", "203.0.113.0/24", "203.0.114.8")).toBe(false);
  expect(isIn("2001:db8:0:1::9", "2001:db8::/32")).toBe(true);
  expect(isIn("2001:db9::9", "2001:db8::/32")).toBe(false);
  expect(isIn("fe80::1%eth0", "fe80::/10")).toBe(true);
  expect(isIn("10.1.2.3", "0.0.0.0/0")).toBe(true);
  expect(isIn("2001:db8::1", "0.0.0.0/0")).toBe(false);
  expect(isIn("2001:db8::1", "::/0")).toBe(true);
});

test("what is no address is in no range, not even in that of all", () => {
  for (const text of ["", "x", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1::2::3", "12345::", "::1.2.3"]) {
    expect(isIn(text, "0.0.0.0/0", "::/0"), text).toBe(false);
  }
});

test.each([
  "",
  "10.0.0.1/24",
  "10.0.0.0/33",
  "10.0.0.0/",
  "10.0.0.0/08",
  "10.0.0.0/8/8",
  "::/129",
  "2001:db8::1/32",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  "1:2:3:4:5:6:7:8::",
  "example.com",
])("'%s' is no range", (text) => {
  expect(parseIpRange(text)).toBeUndefined();
});

test("a network is an IPv4 address, mapped or not, and a /64 of IPv6; what is no address is itself", () => {
  const mapped = ["203.0.113.7", "::ffff:203.0.113.7", "::ffff:cb00:7107"].map(networkOf);
  expect(new Set(mapped).size).toBe(1);
  const ours = ["2001:db8::1", "2001:db8::ffff:1:2", "2001:db8:0:0:9::", "2001:db8::%eth0"].map(networkOf);
  expect(new Set(ours).size).toBe(1);
  const others = ["203.0.113.8", "2001:db8:0:1::1", "::1", "0.0.0.0", "", "x"].map(networkOf);
  expect(new Set([...mapped, ...ours, ...others]).size).toBe(2 + others.length);
});
