import { createHash, timingSafeEqual } from "node:crypto";

/** The devices that may sign on, with their passwords. */
export class Credentials {
  readonly #digests: ReadonlyMap<string, Buffer>;
  readonly #nobody = digest("");

  constructor(devices: Iterable<{ readonly id: string; readonly secret: string }>) {
    this.#digests = new Map(Array.from(devices, ({ id, secret }) => [id, digest(secret)]));
  }

  knows(device: string): boolean {
    return this.#digests.has(device);
  }

  /** Takes the same time whether the device is unknown or the password wrong, and wherever it differs. */
  accepts(device: string, password: Uint8Array): boolean {
    const expected = this.#digests.get(device);
    const matches = timingSafeEqual(digest(password), expected ?? this.#nobody);
    return matches && expected !== undefined;
  }
}

function digest(secret: string | Uint8Array): Buffer {
  return createHash("sha256").update(secret).digest();
}
