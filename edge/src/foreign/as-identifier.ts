const chars_max = 64;

/** The identifier that is nearest to a name: `switch:0` becomes `switch-0`. */
export function asIdentifier(name: string): string {
  const plain = name
    .slice(0, 4 * chars_max)
    .replaceAll(/[^A-Za-z0-9_-]+/g, "-")
    .replace(/^[_-]+/, "")
    .slice(0, chars_max);
  return plain.replace(/[_-]+$/, "") || "x";
}
