import type { DatabaseSync, StatementSync } from "node:sqlite";

/** Small things that are written down with whatever is committed next, and never cause a write themselves. */
export class Notes {
  readonly #select: StatementSync;
  readonly #replace: StatementSync;
  readonly #unwritten = new Map<string, string>();

  constructor(database: DatabaseSync) {
    this.#select = database.prepare("SELECT value FROM meta WHERE key = ?");
    this.#replace = database.prepare("REPLACE INTO meta (key, value) VALUES (?, ?)");
  }

  get(name: string): string | undefined {
    const row = this.#select.get(keyOf(name)) as { value: string } | undefined;
    return this.#unwritten.get(name) ?? row?.value;
  }

  set(name: string, value: string): void {
    this.#unwritten.set(name, value);
  }

  /** Inside the caller's transaction; `written` follows once that is committed. */
  write(): void {
    for (const [name, value] of this.#unwritten) this.#replace.run(keyOf(name), value);
  }

  written(): void {
    this.#unwritten.clear();
  }
}

function keyOf(name: string): string {
  return `note ${name}`;
}
