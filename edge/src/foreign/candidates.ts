import { scan } from "@gengfu/firmware-contracts/scan";
import type { Mapping, ValueRule } from "./mapping-schema.ts";
import { asIdentifier } from "./as-identifier.ts";
import { unitsByText, type Unit } from "./units.ts";

/** A value that a mapping finds in a publish. */
export interface Candidate {
  readonly rule: ValueRule;
  /** What `devices` calls it. */
  readonly name: string;
  readonly raw: unknown;
  /** The unit that the payload tells. */
  readonly unit: Unit | undefined;
}

export interface Found {
  readonly candidates: readonly Candidate[];
  /** What stands where the mapping says that the time does. */
  readonly time: unknown;
  /** Set where the mapping wants JSON and the payload is none. */
  readonly isUnreadable: boolean;
}

type Names = Readonly<Record<string, string>>;

/** More are of no device that there is. */
const candidates_max = 64;
const keys_max = 256;

/** Whether a mapping looks at the payload as a whole as well as into it. */
function takesWhole({ path }: ValueRule): boolean {
  return path === "" || (Array.isArray(path) && path.includes(""));
}

/** All values that a mapping finds. A value of null says that there is none yet, and is left out. */
export function findCandidates({ values, except, time }: Mapping, names: Names, payload: Buffer): Found {
  const text = payload.toString("utf8");
  const json = values.some(({ path }) => path !== "") ? parse(payload, text) : undefined;
  const candidates: Candidate[] = [];
  const seen = new Set<string>();
  for (const rule of values) {
    for (const { raw, names: all } of valuesOf(rule, names, json, text)) {
      const name = nameOf(rule, all);
      // by name: the first rule that knows it is the one that counts
      const key = `${rule.kind ?? ""} ${rule.field ?? ""} ${name}`;
      if (raw === null || seen.has(key) || except.includes(all["name"] ?? "")) continue;
      if (rule.beside !== undefined && first(json, rule.beside) === undefined) continue;
      if (candidates.length >= candidates_max) continue;
      seen.add(key);
      const told = rule.unit_path === undefined ? undefined : first(json, rule.unit_path);
      const unit = typeof told === "string" && Object.hasOwn(unitsByText, told) ? unitsByText[told] : undefined;
      candidates.push({ rule, name, raw, unit });
    }
  }
  const isUnreadable = json === undefined && values.some((rule) => !takesWhole(rule));
  return { candidates, time: time === undefined ? undefined : first(json, time), isUnreadable };
}

function valuesOf(rule: ValueRule, names: Names, json: unknown, text: string): { raw: unknown; names: Names }[] {
  for (const path of typeof rule.path === "string" ? [rule.path] : rule.path) {
    if (path === "") return text.trim() === "" ? [] : [{ raw: text.trim(), names }];
    const found = json === undefined ? [] : walk(json, path.split("."), names);
    if (found.length > 0) return found;
  }
  return [];
}

function first(json: unknown, path: string): unknown {
  return json === undefined ? undefined : walk(json, path.split("."), {})[0]?.raw;
}

function walk(value: unknown, [step, ...rest]: readonly string[], names: Names): { raw: unknown; names: Names }[] {
  if (step === undefined) return [{ raw: value, names }];
  if (typeof value !== "object" || value === null) return [];
  const named = /^(.*)\{([a-z]+)\}(.*)$/.exec(step);
  if (named === null) {
    return Object.hasOwn(value, step)
      ? walk(Object.getOwnPropertyDescriptor(value, step)?.value, rest, { ...names, "": step })
      : [];
  }
  const [, before = "", name = "", behind = ""] = named;
  return Object.entries(value)
    .slice(0, keys_max)
    .flatMap(([key, inner]) => {
      const fits = key.length > before.length + behind.length && key.startsWith(before) && key.endsWith(behind);
      return fits
        ? walk(inner, rest, { ...names, [name]: key.slice(before.length, key.length - behind.length), "": key })
        : [];
    });
}

/** As its rule calls it, else by the part named {name}, else by its key; always such as could be a channel's. */
function nameOf({ name }: ValueRule, names: Names): string {
  const called = name?.replaceAll(/\{([a-z]+)\}/g, (_, part: string) => names[part] ?? "");
  return asIdentifier(called ?? names["name"] ?? names[""] ?? "value");
}

function parse(payload: Buffer, text: string): unknown {
  if (scan(payload) < 0) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // told as `isUnreadable`
    return undefined;
  }
}
