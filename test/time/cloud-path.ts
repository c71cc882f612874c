import { join } from "node:path";
import { BatchIntake } from "@gengfu/cloud/ingress/batch-intake";
import { cloudBlockCodec } from "@gengfu/cloud/ingress/cloud-block-codec";
import { Ledger, ledgerConsumer } from "@gengfu/cloud/ledger/ledger";
import { openEmbeddedStore, type EmbeddedStore } from "@gengfu/cloud/stores/embedded/embedded-store";
import { ParkedReadings } from "@gengfu/cloud/stores/influx/parked-readings";
import type { Store } from "@gengfu/cloud/stores/store";
import { createWriter } from "@gengfu/cloud/writer/writer";
import { openSqliteLog, type SqliteLog } from "@gengfu/shared/log/sqlite-log";
import { silentLogger } from "@gengfu/shared/logging";
import type { StoredReading } from "@gengfu/shared/model/reading";
import { ManualClock } from "@gengfu/shared/time/clock";
import type { CloudTime, GatewayStatus } from "@gengfu/shared/uplink-protocol";
import { until } from "../support/until.ts";

export const gateway = "main-building";
const consumers = ["store", "influx"] as const;

/** The way of readings through the cloud, from a batch to both stores; its clock shows the true time. */
export class CloudPath {
  readonly clock: ManualClock;
  readonly intake: BatchIntake;
  readonly embedded: EmbeddedStore;
  readonly parked: ParkedReadings;
  readonly ledger: Ledger;
  readonly #log: SqliteLog<StoredReading>;
  readonly #ending = new AbortController();
  readonly #runs: Promise<void>[] = [];
  /** Whether it answers gateways that ask for the time. */
  tellsTime = true;

  private constructor(folder: string, now: number, points: Pick<Store, "write">) {
    this.clock = new ManualClock(now);
    const common = { clock: this.clock, logger: silentLogger };
    const file = (name: string): string => join(folder, name);
    this.#log = openSqliteLog<StoredReading>({
      ...common,
      file: file("log.db"),
      codec: cloudBlockCodec,
      consumers: [ledgerConsumer, ...consumers],
    });
    this.ledger = new Ledger({ ...common, log: this.#log, file: file("ledger.db") });
    this.intake = new BatchIntake({
      log: this.#log,
      ledger: this.ledger,
      setAside: ({ message }) => {
        throw new Error(message);
      },
    });
    this.embedded = openEmbeddedStore({ ...common, file: file("store.db") });
    this.parked = new ParkedReadings({ ...common, file: file("parked.db"), store: points, age_max_ms: 86_400_000 });
  }

  static async start(folder: string, now: number, points: Pick<Store, "write">): Promise<CloudPath> {
    const path = new CloudPath(folder, now, points);
    await path.ledger.start();
    const { signal } = path.#ending;
    const common = { clock: path.clock, logger: silentLogger, log: path.#log, random: () => 0, age_max_ms: 0 };
    const stores = { store: path.embedded, influx: path.parked };
    for (const consumer of consumers) {
      path.#runs.push(createWriter({ ...common, consumer, store: stores[consumer] }).run(signal));
    }
    return path;
  }

  /** What it answers so long after its clock was last moved. */
  answer({ asked_ms }: GatewayStatus, later_ms: number): CloudTime | undefined {
    return this.tellsTime && asked_ms !== undefined ? { at: this.clock.now() + later_ms, asked_ms } : undefined;
  }

  /** Resolves when both stores have been brought what the log holds. */
  async written(): Promise<void> {
    await until("both writers to be done", () =>
      consumers.every((consumer) => {
        const { events, samples } = this.#log.backlog(consumer);
        return events + samples === 0;
      }),
    );
  }

  /** The levels of the embedded store, in the order of their seq. */
  async levels(): Promise<{ seq: number; at: number; clock: string | null; value: number | null }[]> {
    const rows = await this.embedded.readings({ kind: "level", limit: 100_000 });
    return rows.toSorted((a, b) => a.seq - b.seq).map(({ seq, at, clock, value }) => ({ seq, at, clock, value }));
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await Promise.all(this.#runs);
    await this.ledger.stop();
    await this.#log.close();
    await this.embedded.close();
    this.parked.close();
  }
}
