/** The contract's field of each kind that is one value. */
const fields: Readonly<Record<string, string>> = {
  level: "metres",
  temperature: "celsius",
  pressure: "kilopascals",
  contact: "closed",
  count: "total",
};

/** Undefined for a kind that has several fields, or is none. */
export function scalarField(kind: string): string | undefined {
  return fields[kind];
}
