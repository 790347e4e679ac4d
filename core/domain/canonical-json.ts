/** The same text for the same content: the order in which somebody wrote down fields says nothing. Pure. */

/** JSON of `value` with the fields of every object in the order of their names. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(ordered(value));
}

/** By entries: a field that is called `__proto__` stays one. */
function ordered(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(ordered);
  const fields = value as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.keys(fields)
      .sort()
      .map((name) => [name, ordered(fields[name])]),
  );
}
