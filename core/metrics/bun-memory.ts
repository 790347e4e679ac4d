/** The heap of a process on Bun, for its main file: see watchProcess(). */
/// <reference types="bun" />
import type { ProcessMemory } from "./watch-process.ts";

export const bunMemory: ProcessMemory = {
  heapBytes: () => process.memoryUsage().heapUsed,
  collect: () => void Bun.gc(true),
};
