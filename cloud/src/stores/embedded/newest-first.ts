/** Merges iterators that are each in order into one that is, at most `limit` items long. */
export function mergeOrdered<Item>(
  sources: Iterable<Iterator<Item>>,
  before: (a: Item, b: Item) => boolean,
  limit: number,
): Item[] {
  const heap: { item: Item; source: Iterator<Item> }[] = [];
  for (const source of sources) {
    const next = source.next();
    if (next.done !== true) heap.push({ item: next.value, source });
  }
  for (let index = (heap.length >>> 1) - 1; index >= 0; index--) sink(heap, index, before);
  const merged: Item[] = [];
  while (merged.length < limit) {
    const head = heap[0];
    if (head === undefined) break;
    merged.push(head.item);
    const next = head.source.next();
    if (next.done !== true) head.item = next.value;
    else {
      const tail = heap.pop();
      if (tail !== undefined && heap.length > 0) heap[0] = tail;
    }
    sink(heap, 0, before);
  }
  for (const { source } of heap) source.return?.();
  return merged;
}

function sink<Item>(heap: { item: Item }[], start: number, before: (a: Item, b: Item) => boolean): void {
  let index = start;
  for (;;) {
    let first = index;
    for (const child of [2 * index + 1, 2 * index + 2]) {
      const candidate = heap[child];
      if (candidate !== undefined && before(candidate.item, (heap[first] as { item: Item }).item)) first = child;
    }
    if (first === index) return;
    [heap[index], heap[first]] = [heap[first] as { item: Item }, heap[index] as { item: Item }];
    index = first;
  }
}
