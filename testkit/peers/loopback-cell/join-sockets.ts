/** Two sockets as one wire: what comes in at one goes out at the other, and they end together. */
import type { Socket } from "node:net";

export function joinSockets(one: Socket, other: Socket): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.on("data", (chunk: Uint8Array) => void to.write(chunk));
    from.on("end", () => to.end());
    from.on("error", () => to.destroy());
    from.on("close", () => to.destroy());
  }
}
