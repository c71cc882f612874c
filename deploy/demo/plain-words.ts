/** What the services' logs say to the person at the terminal: warnings and worse, as sentences. */
const shown: Readonly<Record<string, string>> = { warn: "警告 warning", error: "错误 error", fatal: "错误 error" };

/** What a line may be about, by the names that the services use. */
const subjects = ["gateway", "device", "channel", "topic", "rule", "alert"] as const;

/** A line of a service's log for the terminal, or undefined where nobody need see it there. */
export function plainWords(service: string, line: string): string | undefined {
  const entry = parse(line);
  const level = entry === undefined ? undefined : shown[String(entry["level"])];
  if (entry === undefined || level === undefined) return undefined;
  const reason = messageIn(entry["err"]) ?? messageIn(entry["error"]) ?? messageIn(entry["reason"]);
  const message = typeof entry["msg"] === "string" ? entry["msg"] : "";
  const text = reason === undefined || message.includes(reason) ? message : `${message}: ${reason}`;
  const about = subjects.map((name) => entry[name]).filter((value) => typeof value === "string");
  return `${service}  ${level}  ${text}${about.length === 0 ? "" : ` (${about.join(", ")})`}`;
}

/** What a service had to say at its end, for when it couldn't start: its complaints, or else its last lines. */
export function lastWords(service: string, lines: readonly string[]): string[] {
  const complaints = lines.flatMap((line) => plainWords(service, line) ?? (parse(line) === undefined ? line : []));
  return complaints.length > 0 ? complaints : lines.slice(-3);
}

function parse(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    // not every line that begins like an object is one
    return undefined;
  }
}

function messageIn(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (value === null || typeof value !== "object" || !("message" in value)) return undefined;
  return String(value.message);
}
