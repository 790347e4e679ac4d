/** A check: a query that answers with what should not be. One file each; a line in index.ts puts it to work. */

export interface Check {
  readonly name: string;
  /** Of DESIGN §4. */
  readonly invariant: string;
  /** What holds when the query finds nothing, in words. */
  readonly holds: string;
  /** What it cannot be judged without: then what it finds means nothing. */
  readonly needs?: readonly ("drain" | "reports")[];
  /** Counterexamples: `key` (text), `message` (text or null: its id) and `words`. It reads the tables of schema.sql. */
  readonly query: string;
}
