/** Taking an amount from several places that hold money together. Pure. */

/**
 * What each place gives, in their order: the richest first, and of each half of what it has, or what is missing if that
 * is more. So the next time there is something at hand, and the others are not left with nothing. Together less than
 * `missing` where they do not hold it.
 */
export function takeRichest(places: readonly bigint[], missing: bigint): readonly bigint[] {
  const given = places.map(() => 0n);
  const richestFirst = [...places.entries()].sort(([, a], [, b]) => (a < b ? 1 : -1));
  let left = missing;
  for (const [place, there] of richestFirst) {
    if (left <= 0n) break;
    const half = there / 2n;
    const taken = left > half ? smaller(left, there) : half;
    given[place] = taken;
    left -= taken;
  }
  return given;
}

const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);
