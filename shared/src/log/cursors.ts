import type { DatabaseSync, StatementSync } from "node:sqlite";
import { lanes, type Lane } from "../model/reading.ts";

/** The cursors of a log's consumers: in memory what they say, in the file what was last committed. */
export class Cursors {
  readonly #positions = new Map<string, Record<Lane, number>>();
  readonly #moved = new Set<string>();
  readonly #upsert: StatementSync;

  constructor(database: DatabaseSync) {
    this.#upsert = database.prepare(
      "INSERT INTO cursor (consumer, events, samples) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET events = excluded.events, samples = excluded.samples",
    );
    const rows = database.prepare("SELECT consumer, events, samples FROM cursor").all();
    for (const { consumer, events, samples } of rows as { consumer: string; events: number; samples: number }[]) {
      this.#positions.set(consumer, { events, samples });
    }
  }

  get dirty(): boolean {
    return this.#moved.size > 0;
  }

  get(consumer: string, lane: Lane): number {
    return this.#positions.get(consumer)?.[lane] ?? 0;
  }

  /** Where the consumer stands that has come furthest in a lane. */
  newest(lane: Lane): number {
    let newest = 0;
    for (const positions of this.#positions.values()) newest = Math.max(newest, positions[lane]);
    return newest;
  }

  /** Moves forwards only; says whether it moved. */
  move(consumer: string, lane: Lane, position: number): boolean {
    let positions = this.#positions.get(consumer);
    if (positions === undefined) {
      positions = Object.fromEntries(lanes.map((name) => [name, 0])) as Record<Lane, number>;
      this.#positions.set(consumer, positions);
    }
    if (position <= positions[lane]) return false;
    positions[lane] = position;
    this.#moved.add(consumer);
    return true;
  }

  /** Writes what moved, inside the caller's transaction; `written` follows once that is committed. */
  write(): void {
    for (const consumer of this.#moved) {
      const { events, samples } = this.#positions.get(consumer) as Record<Lane, number>;
      this.#upsert.run(consumer, events, samples);
    }
  }

  written(): void {
    this.#moved.clear();
  }
}
