import type { WriteAnswer } from "./influx-client.ts";

/**
 * Writes lines, and where some are refused finds out which: halves are sent again, which changes nothing of what is
 * stored already, until a refused part is a single line, or InfluxDB says that it dropped the whole part. Neighbours
 * should be alike, since what is wrong with one is then mostly wrong with the next.
 * Returns the reasons by the lines' indices.
 */
export async function writeApart(
  lines: readonly string[],
  send: (lines: readonly string[]) => Promise<WriteAnswer>,
): Promise<Map<number, string>> {
  const refused = new Map<number, string>();
  const parts: [from: number, to: number][] = [[0, lines.length]];
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    const [from, to] = part;
    if (from === to) continue;
    const answer = await send(from === 0 && to === lines.length ? lines : lines.slice(from, to));
    if (answer.kind === "stored") continue;
    if (to - from === 1 || answer.dropped === to - from) {
      for (let index = from; index < to; index++) refused.set(index, answer.reason);
      continue;
    }
    const middle = (from + to) >>> 1;
    parts.push([middle, to], [from, middle]);
  }
  return refused;
}
