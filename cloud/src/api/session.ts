import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "@gengfu/shared/time/clock";
import { principal, type Principal, type TokenBook } from "./tokens.ts";

export const sessionCookie = "gengfu_session";

/** A session is good for so long; each visit of the console begins a new one when half of it is over. */
export const sessionLife_ms = 30 * 86_400_000;

const loopbackName = "local";
const keyBytes = 32;

export interface SessionOptions {
  readonly key: Buffer;
  readonly tokens: TokenBook;
  readonly clock: Clock;
  /** Whether consoles on this machine need no login. */
  readonly openOnLoopback: boolean;
}

export interface Session {
  readonly principal: Principal;
  /** Whether it was begun without a login, and is good on this machine only. */
  readonly loopback: boolean;
  readonly begun: number;
}

/**
 * Sessions of the console, kept nowhere: the cookie holds the token's name and when it began, signed with a key of the
 * data folder and the token's digest. So they outlive a restart, and end when their token is changed or removed.
 */
export class Sessions {
  readonly #options: SessionOptions;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** The cookie's value for one who signed in with a token. */
  begin(name: string): string {
    return this.#sign("token", name, this.#options.clock.now());
  }

  beginOnLoopback(): string {
    return this.#sign("loopback", loopbackName, this.#options.clock.now());
  }

  find(cookie: string): Session | undefined {
    const [kind, encodedName, begunText, ...rest] = cookie.split(".");
    if ((kind !== "token" && kind !== "loopback") || encodedName === undefined || begunText === undefined)
      return undefined;
    if (rest.length !== 1) return undefined;
    const name = Buffer.from(encodedName, "base64url").toString();
    const begun = Number(begunText);
    const genuine = this.#sign(kind, name, begun);
    if (!equal(genuine, cookie)) return undefined;
    const now = this.#options.clock.now();
    if (!(now - begun < sessionLife_ms)) return undefined;
    if (kind === "loopback") {
      if (!this.#options.openOnLoopback) return undefined;
      return { principal: principal(loopbackName, "manager"), loopback: true, begun };
    }
    const known = this.#options.tokens.byName(name);
    return known === undefined ? undefined : { principal: known.principal, loopback: false, begun };
  }

  #sign(kind: "token" | "loopback", name: string, begun: number): string {
    const body = `${kind}.${Buffer.from(name).toString("base64url")}.${begun}`;
    const hmac = createHmac("sha256", this.#options.key).update(body);
    const digest = kind === "token" ? this.#options.tokens.byName(name)?.digest : undefined;
    if (digest !== undefined) hmac.update(digest);
    return `${body}.${hmac.digest("base64url")}`;
  }
}

/** The key that signs sessions, made on the first start. Only its owner may read the file. */
export function sessionKey(file: string): Buffer {
  try {
    const key = readFileSync(file);
    if (key.length === keyBytes) return key;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
  const key = randomBytes(keyBytes);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, key, { mode: 0o600, flush: true });
  renameSync(`${file}.new`, file);
  return key;
}

/** The value of a cookie of a request's `Cookie` header. */
export function cookieOf(header: string | undefined, name: string): string | undefined {
  for (const part of header?.split(";") ?? []) {
    const equals = part.indexOf("=");
    if (equals > 0 && part.slice(0, equals).trim() === name) return part.slice(equals + 1).trim();
  }
  return undefined;
}

export function setCookie(value: string, options: { secure: boolean; life_ms: number }): string {
  const secure = options.secure ? "; Secure" : "";
  return `${sessionCookie}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${Math.floor(options.life_ms / 1_000)}${secure}`;
}

function equal(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
