import { createHash, timingSafeEqual } from "node:crypto";

/** The gateways that may sign on, with what their passwords hash to. */
export class GatewayPasswords {
  readonly #digests: ReadonlyMap<string, Buffer>;
  readonly #none = digest("");

  constructor(gateways: readonly { readonly id: string; readonly secret: string }[]) {
    this.#digests = new Map(gateways.map(({ id, secret }) => [id, digest(secret)]));
  }

  /** Takes as long for a gateway that isn't known as for a wrong password. */
  accepts(gateway: string, password: Uint8Array): boolean {
    const expected = this.#digests.get(gateway);
    return timingSafeEqual(digest(password), expected ?? this.#none) && expected !== undefined;
  }
}

function digest(password: string | Uint8Array): Buffer {
  return createHash("sha256").update(password).digest();
}
