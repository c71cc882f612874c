import type { Text } from "@gengfu/shared/model/text";

/**
 * Tolerant reading of what came over the wire: a field of another type counts as missing, and an item that lacks what
 * it needs is left out of its list, so that one odd record never blanks the page that someone keeps watch by.
 */
export class Fields {
  readonly #record: Readonly<Record<string, unknown>>;

  constructor(input: unknown) {
    this.#record = isRecord(input) ? input : {};
  }

  raw(key: string): unknown {
    return this.#record[key];
  }

  text(key: string): string | null {
    const value = this.#record[key];
    return typeof value === "string" ? value : null;
  }

  number(key: string): number | null {
    const value = this.#record[key];
    return typeof value === "number" && Number.isFinite(value) ? value : null;
  }

  flag(key: string): boolean | null {
    const value = this.#record[key];
    return typeof value === "boolean" ? value : null;
  }

  oneOf<T extends string>(key: string, allowed: readonly T[]): T | null {
    const value = this.#record[key];
    return allowed.find((known) => known === value) ?? null;
  }

  /** `{ zh, en }`, or one text that serves for both. */
  both(key: string): Text | null {
    return bothOf(this.#record[key]);
  }

  fields(key: string): Fields {
    return new Fields(this.#record[key]);
  }

  has(key: string): boolean {
    return this.#record[key] !== undefined && this.#record[key] !== null;
  }

  list<T>(key: string, decode: (item: unknown) => T | null): T[] {
    return listOf(this.#record[key], decode);
  }

  entries(): [string, unknown][] {
    return Object.entries(this.#record);
  }
}

export function listOf<T>(input: unknown, decode: (item: unknown) => T | null): T[] {
  if (!Array.isArray(input)) return [];
  return input.flatMap((item) => {
    const decoded = decode(item);
    return decoded === null ? [] : [decoded];
  });
}

export function bothOf(input: unknown): Text | null {
  if (typeof input === "string") return { zh: input, en: input };
  const fields = new Fields(input);
  const [zh, en] = [fields.text("zh"), fields.text("en")];
  const any = zh ?? en;
  return any === null ? null : { zh: zh ?? any, en: en ?? any };
}

function isRecord(input: unknown): input is Record<string, unknown> {
  return typeof input === "object" && input !== null && !Array.isArray(input);
}
