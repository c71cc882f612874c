import type { DatabaseSync, StatementSync } from "node:sqlite";
import { isAside, kinds, type Kind } from "@gengfu/shared/model/reading";

/** A series as the database knows it: readings refer to it by number. */
export type Series = {
  readonly id: number;
  readonly gateway: string;
  readonly device: string;
  readonly kind: Kind;
  readonly channel: string | null;
};

export type SeriesName = Omit<Series, "id">;

export interface SeriesFilter {
  readonly kind?: Kind | undefined;
  readonly device?: string | undefined;
  readonly channel?: string | undefined;
}

/** The series of the store, in memory and in its table. */
export class SeriesIndex {
  readonly #byName = new Map<string, Series>();
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;
  /** Added in the transaction under way. */
  #added: Series[] = [];

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare(
      "INSERT INTO series (gateway, device, kind, channel) VALUES (?, ?, ?, ?) RETURNING id",
    );
    this.#delete = database.prepare("DELETE FROM series WHERE id = ?");
    const rows = database.prepare("SELECT id, gateway, device, kind, channel FROM series").all();
    for (const series of rows as Series[]) {
      if (kinds.includes(series.kind)) this.#byName.set(keyOf(series), series);
    }
  }

  get size(): number {
    return this.#byName.size;
  }

  all(): Iterable<Series> {
    return this.#byName.values();
  }

  find(name: SeriesName): Series | undefined {
    return this.#byName.get(keyOf(name));
  }

  /** Adds a series inside the caller's transaction; `settled` says how that ended. */
  add(name: SeriesName): Series {
    const { gateway, device, kind, channel } = name;
    const { id } = this.#insert.get(gateway, device, kind, channel) as { id: number };
    const series = { id, gateway, device, kind, channel };
    this.#byName.set(keyOf(series), series);
    this.#added.push(series);
    return series;
  }

  settled(committed: boolean): void {
    if (!committed) for (const series of this.#added) this.#byName.delete(keyOf(series));
    this.#added = [];
  }

  remove(series: Series): void {
    this.#delete.run(series.id);
    this.#byName.delete(keyOf(series));
  }

  matching({ kind, device, channel }: SeriesFilter): Series[] {
    return [...this.#byName.values()].filter(
      (series) =>
        (kind === undefined ? !isAside(series.kind) : series.kind === kind) &&
        (device === undefined || series.device === device) &&
        (channel === undefined || (series.channel ?? "-") === channel),
    );
  }
}

function keyOf({ gateway, device, kind, channel }: SeriesName): string {
  // NUL cannot stand in a name that any part of the contract lets through; a null channel differs from an empty one
  return `${gateway}\0${device}\0${kind}\0${channel === null ? "" : `/${channel}`}`;
}
