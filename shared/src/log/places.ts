import type { Lane } from "../model/reading.ts";
import type { BlockTable, Place } from "./block-table.ts";
import type { Block } from "./log.ts";
import type { Room } from "./room.ts";
import type { Waiting } from "./waiting.ts";

export interface PlacesOptions {
  readonly table: BlockTable;
  readonly waiting: Pick<Waiting<unknown>, "entriesOf" | "blockAt">;
  readonly room: Pick<Room<unknown>, "goneBehind">;
}

/** Where entries stand among those of their lane: how many there are behind a position. */
export class Places {
  readonly #options: PlacesOptions;
  /** Entries ever appended to each lane. */
  readonly #end: Record<Lane, number>;

  constructor(options: PlacesOptions) {
    this.#options = options;
    this.#end = { events: options.table.endOf("events"), samples: options.table.endOf("samples") };
  }

  appended({ lane, entries }: Block<unknown>): void {
    this.#end[lane] += entries.length;
  }

  /** Entries of each lane that were ever in the file: where the next block that is written stands. */
  get inFile(): Record<Lane, number> {
    const { waiting } = this.#options;
    const of = (lane: Lane): number => this.#end[lane] - waiting.entriesOf(lane);
    return { events: of("events"), samples: of("samples") };
  }

  /** Entries of a lane behind a position. */
  behind(lane: Lane, position: number): number {
    const { table, waiting, room } = this.#options;
    const before = this.#placeOf(lane, position);
    if (before !== undefined) {
      const passed = before.place + Math.min(before.count, position - before.first + 1);
      return this.#end[lane] - passed - room.goneBehind(lane, position);
    }
    const oldest = table.oldestPlace(lane);
    if (oldest === undefined) return waiting.entriesOf(lane);
    return this.#end[lane] - oldest.place - room.goneBehind(lane, oldest.first);
  }

  #placeOf(lane: Lane, position: number): Place | undefined {
    const { table, waiting } = this.#options;
    const found = waiting.blockAt(lane, position);
    if (found === undefined) return table.placeOf(lane, position);
    const { block, before } = found;
    return { first: block.first, count: block.entries.length, place: this.inFile[lane] + before };
  }
}
