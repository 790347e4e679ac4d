/** Reads a request's body as text and never holds more of it than the bound, whatever the headers say. */

export type Body =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "too_large" }
  /** The client went away while sending. */
  | { readonly type: "broken" };

/**
 * A body of a stated length is read in one go by the runtime, which takes no more than was stated. One of unknown
 * length (chunked) is read piece by piece and dropped at the bound.
 */
export async function readBody(request: Request, bytesMax: number): Promise<Body> {
  const { headers } = request;
  const stated = headers.get("content-length");
  try {
    if (stated !== null && !headers.has("transfer-encoding")) {
      return Number(stated) > bytesMax ? { type: "too_large" } : { type: "text", text: await request.text() };
    }
    return request.body === null ? { type: "text", text: "" } : await readPieces(request.body, bytesMax);
  } catch {
    return { type: "broken" };
  }
}

async function readPieces(body: ReadableStream<Uint8Array>, bytesMax: number): Promise<Body> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    bytes += piece.value.byteLength;
    if (bytes > bytesMax) {
      await reader.cancel();
      return { type: "too_large" };
    }
    text += decoder.decode(piece.value, { stream: true });
  }
  return { type: "text", text: text + decoder.decode() };
}
