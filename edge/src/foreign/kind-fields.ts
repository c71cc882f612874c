/** The field of the contract's payload that holds the value of a kind. */
export const fieldsOfKind = {
  level: "metres",
  temperature: "celsius",
  pressure: "kilopascals",
  count: "total",
} as const;
