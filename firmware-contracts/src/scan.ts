import { nesting_max } from "./contract/limits.ts";

const quote = 0x22;
const backslash = 0x5c;

/**
 * One pass over the bytes of what should be JSON, before any of it is parsed. It answers a number, so as not to
 * allocate: -1 where nesting is too deep, else twice the count of colons directly inside the outermost object (one for
 * each of its fields), plus one where a byte is not ASCII. On what is not JSON the count means nothing.
 */
export function scan(bytes: Uint8Array): number {
  let union = 0;
  let depth = 0;
  let colons = 0;
  let inString = false;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] as number;
    union |= byte;
    if (inString) {
      if (byte === backslash) index++;
      else if (byte === quote) inString = false;
    } else if (byte === quote) {
      inString = true;
    } else if (byte === 0x3a) {
      if (depth === 1) colons++;
    } else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > nesting_max) return -1;
    } else if (byte === 0x7d || byte === 0x5d) {
      depth--;
    }
  }
  return colons * 2 + (union >> 7);
}

/** The first key that stands twice directly inside the outermost object of a text that is JSON. */
export function duplicateKey(json: string): string | undefined {
  const seen = new Set<string>();
  let depth = 0;
  let key = "";
  for (const { 0: token } of json.matchAll(/"(?:[^"\\]|\\.)*"|[:{}[\]]/g)) {
    if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") depth--;
    else if (token !== ":") key = token;
    else if (depth === 1) {
      const name = String(JSON.parse(key));
      if (seen.has(name)) return name;
      seen.add(name);
    }
  }
  return undefined;
}
