/** What must be one of a kind in a list, and is not: for each key that an earlier item has already, the later place. */
export function repeated<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string | undefined,
): readonly { readonly index: number; readonly earlier: number; readonly key: string }[] {
  const first = new Map<string, number>();
  return items.flatMap((item, index) => {
    const key = keyOf(item);
    if (key === undefined) return [];
    const earlier = first.get(key);
    if (earlier !== undefined) return [{ index, earlier, key }];
    first.set(key, index);
    return [];
  });
}
