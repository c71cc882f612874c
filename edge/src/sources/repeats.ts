import type { z } from "zod";

/** Rejects what an earlier item of the list has already, at `key` of the later one. */
export function rejectRepeats<Item>(
  context: z.RefinementCtx,
  list: readonly PropertyKey[],
  key: string,
  items: readonly Item[],
  meaningOf: (item: Item) => string,
): void {
  const seen = new Map<string, number>();
  items.forEach((item, index) => {
    const meaning = meaningOf(item);
    const earlier = seen.get(meaning);
    if (earlier !== undefined) {
      const message = `a ${key} that ${String(list.at(-1))}[${earlier}] does not have`;
      context.addIssue({ code: "custom", path: [...list, index, key], message });
    } else seen.set(meaning, index);
  });
}
