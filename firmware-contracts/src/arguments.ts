/** A command was called wrongly; the message says what to write instead. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export function numberArgument(name: string, text: string, min: number, max: number): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!(value >= min && value <= max)) {
    throw new UsageError(`${name}: found ${text}, allowed: a number from ${min} to ${max}`);
  }
  return value;
}
