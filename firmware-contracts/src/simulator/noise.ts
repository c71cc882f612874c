/**
 * A number from 0 up to 1 that depends on nothing but what it is asked for: the same seed, name and index give the same
 * number in every run, however time is cut into steps. (FNV-1a over the text, then the finish of MurmurHash3.)
 */
export function noise(seed: number, name: string, index: number): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (const character of `${name}:${index}`) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/** As `noise`, from `from` up to `to`. */
export function noiseWithin(from: number, to: number, seed: number, name: string, index: number): number {
  return from + (to - from) * noise(seed, name, index);
}
