/** How one process reaches one set: the only way between the driver and the simulated replica set. */
export interface Wire {
  /**
   * Sends a request: `serve` runs at the set when it arrives; settles when the answer is back. May lose either way:
   * then it rejects like the driver does (MongoNetworkError, MongoNetworkTimeoutError after the socket's time-out of
   * 8 s, MongoServerSelectionError only if the request was never sent), or never settles.
   */
  call<T>(serve: () => T | Promise<T>): Promise<T>;
}

/** Loses nothing and takes no time: for tests of the set alone. */
export function createPerfectWire(): Wire {
  return { call: async (serve) => serve() };
}
