/** Resolves once the event loop has gone round so often that whatever was to happen has happened. */
export async function settled(): Promise<void> {
  for (let round = 0; round < 20; round++) await new Promise((resolve) => setImmediate(resolve));
}

/** Asks in each round of the event loop, where time stands still. */
export async function untilRound(probe: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await probe())) await new Promise((resolve) => setImmediate(resolve));
}
