/** Reading a JSON value by a pointer [RFC 6901]. Pure. */
import { z } from "zod";

const POINTER = /^(?:\/(?:[^~/]|~[01])*)*$/;

/** "" is the whole value. */
export const pointerSchema = z.string().max(500).regex(POINTER, { error: 'must be a JSON pointer, such as "/id"' });

/** undefined where nothing is there; what only a prototype has is not there. */
export function readPointer(value: unknown, pointer: string): unknown {
  let at = value;
  for (const token of pointer.split("/").slice(1)) {
    const key = token.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return at;
}

/** A number or a string as a string; undefined for anything else, and for "". */
export function readText(value: unknown, pointer: string): string | undefined {
  const found = readPointer(value, pointer);
  if (typeof found === "number" || typeof found === "boolean") return String(found);
  return typeof found === "string" && found !== "" ? found : undefined;
}
