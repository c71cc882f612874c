import { createHash, timingSafeEqual } from "node:crypto";

/** Who may sign on, with what their passwords hash to. */
export class Passwords {
  readonly #digests: ReadonlyMap<string, Buffer>;
  readonly #nobody = digest("");

  constructor(accounts: Iterable<{ readonly id: string; readonly secret: string }>) {
    this.#digests = new Map(Array.from(accounts, ({ id, secret }) => [id, digest(secret)]));
  }

  knows(id: string): boolean {
    return this.#digests.has(id);
  }

  /** Takes the same time whether the name is unknown or the password wrong, and wherever it differs. */
  accepts(id: string, password: Uint8Array): boolean {
    const expected = this.#digests.get(id);
    const matches = timingSafeEqual(digest(password), expected ?? this.#nobody);
    return matches && expected !== undefined;
  }
}

function digest(secret: string | Uint8Array): Buffer {
  return createHash("sha256").update(secret).digest();
}
