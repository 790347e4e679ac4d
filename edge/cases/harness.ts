/** What a runtime's test file hands to the shared cases, so that the same cases run on Bun and on Deno. */
export interface Harness {
  test(name: string, run: () => Promise<void>): void;
  readonly assert: {
    equal(actual: unknown, expected: unknown, message?: string): void;
    deepEqual(actual: unknown, expected: unknown, message?: string): void;
    ok(value: unknown, message?: string): void;
  };
}
