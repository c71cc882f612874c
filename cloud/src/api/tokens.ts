import { createHash, timingSafeEqual } from "node:crypto";

export const roles = ["viewer", "manager", "admin"] as const;
export type Role = (typeof roles)[number];

export const rights = ["read", "acknowledge", "close"] as const;
export type Right = (typeof rights)[number];

const rightsOf: Record<Role, readonly Right[]> = {
  viewer: ["read"],
  manager: ["read", "acknowledge", "close"],
  admin: ["read", "acknowledge", "close"],
};

/** Who asks, and what they may do. */
export interface Principal {
  readonly name: string;
  readonly role: Role;
  readonly rights: readonly Right[];
}

export interface TokenConfig {
  readonly name: string;
  readonly token: string;
  readonly role: Role;
}

export interface KnownToken {
  readonly principal: Principal;
  /** Of the token; goes into the signature of its sessions, so that a changed token ends them. */
  readonly digest: Buffer;
}

export function principal(name: string, role: Role): Principal {
  return { name, role, rights: rightsOf[role] };
}

/** The tokens of the configuration, kept as digests. */
export class TokenBook {
  readonly #tokens: readonly KnownToken[];

  constructor(tokens: readonly TokenConfig[]) {
    this.#tokens = tokens.map(({ name, token, role }) => ({
      principal: principal(name, role),
      digest: digestOf(token),
    }));
  }

  /** Whose token it is. Takes the same time wherever a wrong one differs, and compares with all. */
  find(token: string): KnownToken | undefined {
    const digest = digestOf(token);
    let found: KnownToken | undefined;
    for (const known of this.#tokens) if (timingSafeEqual(known.digest, digest)) found = known;
    return found;
  }

  byName(name: string): KnownToken | undefined {
    return this.#tokens.find((known) => known.principal.name === name);
  }
}

function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
