/** A stored document. Never changed in place: a write puts another in its stead, so a snapshot costs nothing. */
export interface SimDocument {
  readonly _id: string;
  readonly [field: string]: unknown;
}

export type Fields = Readonly<Record<string, unknown>>;

/** What a rule of MongoDB that the simulation does not know is: never ignored, as the run would prove nothing. */
export function notModelled(what: string): never {
  throw new Error(`Not modelled by proof/sim/mongo: ${what}`);
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** The value at a dotted path; undefined where there is none. */
export function fieldAt(document: Fields, path: string): unknown {
  if (!path.includes(".")) return document[path];
  let value: unknown = document;
  for (const part of path.split(".")) {
    if (Array.isArray(value)) return notModelled(`path '${path}' through an array`);
    if (!isFields(value)) return undefined;
    value = value[part];
  }
  return value;
}

/** The document with `value` at a dotted path, or without it where `value` is undefined. */
export function withField<T extends Fields>(document: T, path: string, value: unknown): T {
  const dot = path.indexOf(".");
  const field = dot < 0 ? path : path.slice(0, dot);
  if (dot < 0 && value === undefined) {
    const { [field]: _, ...rest } = document;
    return rest as unknown as T;
  }
  if (dot < 0) return { ...document, [field]: value };
  const inner = document[field];
  if (Array.isArray(inner)) return notModelled(`path '${path}' through an array`);
  if (inner === undefined && value === undefined) return document;
  return { ...document, [field]: withField(isFields(inner) ? inner : {}, path.slice(dot + 1), value) };
}
