import type { EdgeEntry } from "@gengfu/edge/entry";
import { uplinkConsumer } from "@gengfu/edge/uplink/uplink-session";
import type { Block } from "@gengfu/shared/log/log";
import type { Kind, Lane, Reading, StoredReading } from "@gengfu/shared/model/reading";
import { bootTimeOf, correct } from "@gengfu/shared/time/correction";
import { differenceOf, identityOf, type Publication } from "./publication.ts";
import type { LogWatch } from "./sim-log.ts";
import type { World } from "./world.ts";

interface EdgeRecord {
  readonly lane: Lane;
  readonly entry: EdgeEntry;
  /** Where the cloud's log has it. */
  position: number | null;
  /** Let go of at the log's bound, and told of. */
  isDropped: boolean;
  /** It was in memory only when the process died. */
  isForgotten: boolean;
}

export interface CloudRecord {
  readonly position: number;
  readonly lane: Lane;
  readonly reading: StoredReading;
  readonly durable_ms: number;
}

/** What no device publishes: what the edge has to tell of itself, and devices' wills. */
const own: readonly Kind[] = ["gap", "clock", "state"];

/** Says whether a consumer of the cloud's log is done with a reading. */
export type IsDone = (record: CloudRecord) => boolean;

/** Sees everything, remembers everything, and compares: what was acknowledged with what is on the disks. */
export class Oracle {
  readonly publications: Publication[] = [];
  /** All that ever had a seq at the edge, by epoch; index is seq - 1, with holes where a crash left some. */
  readonly edge = new Map<number, EdgeRecord[]>();
  /** All that was ever durable in the cloud's log; index is position - 1. */
  readonly cloud: CloudRecord[] = [];
  readonly consumers = new Map<string, IsDone>();
  /** Publications that were acknowledged to their devices. */
  acknowledgements = 0;
  readonly #world: World;
  readonly #gateway: string;
  readonly #byIdentity = new Map<string, Publication>();
  /** By epoch: the seq that comes next, and up to which the edge's disk has them, where not all are durable at once. */
  readonly #openings = new Map<number, { next: number; readonly durable: () => number }>();

  constructor(world: World, gateway: string) {
    this.#world = world;
    this.#gateway = gateway;
  }

  published(publication: Publication): void {
    this.publications.push(publication);
    const { device, expected } = publication;
    this.#byIdentity.set(identityOf({ ...expected, device, at: expected.at ?? 0 }), publication);
  }

  /** A device got its acknowledgement. */
  acknowledged(publication: Publication): void {
    publication.isAcknowledged = true;
    this.acknowledgements += 1;
    if (this.isSafe(publication)) return;
    this.#world.violate("I1", `publication ${publication.id} was acknowledged to its device and is on no disk`);
  }

  /** Whether a publication is on a disk, the edge's or the cloud's, or was let go of. */
  isSafe({ places }: Publication): boolean {
    return places.some(({ epoch, seq }) => {
      const record = this.#edgeRecord(epoch, seq);
      if (record === undefined || record.position !== null || record.isDropped) return true;
      return !record.isForgotten && seq <= (this.#openings.get(epoch)?.durable() ?? Infinity);
    });
  }

  /** Whether the cloud has the reading under another seq: the edge had forgotten it, and took in its repeat. */
  isRepeat({ entry, position }: EdgeRecord): boolean {
    if (position !== null || own.includes(entry.kind)) return false;
    return (
      this.publicationOf(entry)?.places.some(({ epoch, seq }) => this.#edgeRecord(epoch, seq)?.position != null) ===
      true
    );
  }

  /** The edge opens its log; `durable` says up to which seq it is on the disk. */
  edgeOpened(epoch: number, last: number, durable: () => number): void {
    const end = durable();
    this.#openings.set(epoch, { next: last + 1, durable });
    const forgotten = (this.edge.get(epoch) ?? []).slice(end).filter(({ isForgotten }) => !isForgotten);
    for (const record of forgotten) {
      record.isForgotten = true;
      const { entry } = record;
      const publication = own.includes(entry.kind) ? undefined : this.publicationOf(entry);
      if (publication === undefined) continue;
      this.#world.count("readings that the edge forgot");
      if (record.position !== null) this.#world.count("readings that the edge forgot and the cloud has");
      // message ids are looked for only in what was forgotten just now
      const isFirst = publication.forgotten === "never" && isShortlyBefore(entry, forgotten);
      publication.forgotten = publication.isNumbered || isFirst ? "now" : "before";
    }
  }

  /** The edge's disk is gone, and with it what the cloud does not have. */
  edgeLost(): void {
    for (const publication of this.publications) if (!publication.isAcknowledged) publication.mayRepeat = true;
    for (const records of this.edge.values()) records.forEach((record) => (record.isDropped = true));
  }

  /** The edge let go of a lane between two seqs, both included. */
  edgeDropped(epoch: number, lane: Lane, from: number, to: number): void {
    this.#world.trace("edge-disk", `drops ${lane} ${from} to ${to}`);
    this.#world.count("readings dropped at the edge's bound", to - from + 1);
    this.edge.get(epoch)?.forEach((record, index) => {
      if (from <= index + 1 && index + 1 <= to && record.lane === lane) record.isDropped = true;
    });
  }

  /** The edge starts, and what it can know as repeats are these entries, each as `epoch/seq`. */
  edgeRemembers(known: ReadonlySet<string>): void {
    for (const publication of this.publications) {
      if (publication.isAcknowledged || publication.places.length === 0) continue;
      const isKnown = publication.places.some(({ epoch, seq }) => known.has(`${epoch}/${seq}`));
      // what it has forgotten the cloud knows the repeats of: by numbers always, by message ids for a while
      const isKnownToCloud = publication.forgotten === "now";
      if (!publication.isNumbered) publication.forgotten = "before";
      if (!isKnown && !isKnownToCloud) publication.mayRepeat = true;
    }
  }

  /** The cloud sends a PUBACK for a batch. */
  batchAcknowledged(readings: readonly StoredReading[]): void {
    for (const { epoch, seq } of readings) {
      const record = this.#edgeRecord(epoch, seq);
      const isRepeat = record !== undefined && this.isRepeat(record);
      if (isRepeat) this.#world.count("repeats known at the cloud of what the edge forgot");
      if (!isRepeat && record?.position == null) {
        this.#world.violate("I1", `the cloud acknowledged ${epoch}/${seq}, which is not in its log`);
      }
    }
  }

  /** Of an edge entry, the publication that it comes from. */
  publicationOf(entry: EdgeEntry): Publication | undefined {
    return this.#byIdentity.get(identityOf(entry));
  }

  readonly edgeWatch: LogWatch<EdgeEntry> = {
    durable: ({ lane, first, entries }, epoch) => {
      let records = this.edge.get(epoch);
      if (records === undefined) this.edge.set(epoch, (records = []));
      entries.forEach((entry, index) => {
        const seq = first + index;
        const opening = this.#openings.get(epoch);
        if (seq !== (opening?.next ?? records.length + 1)) {
          this.#world.violate("I2", `the edge numbered an entry ${seq} after ${records.length}`);
        }
        if (opening !== undefined) opening.next += 1;
        records[seq - 1] = { lane, entry, position: null, isDropped: false, isForgotten: false };
        if (!own.includes(entry.kind)) this.#tookOver(entry, epoch, seq);
      });
    },
    passed: (consumer, lane, from, to, epoch) => {
      if (consumer !== uplinkConsumer) return;
      for (let seq = from + 1; seq <= to; seq++) {
        const record = this.#edgeRecord(epoch, seq);
        if (record === undefined || record.lane !== lane || record.position !== null || record.isDropped) continue;
        if (record.isForgotten || this.isRepeat(record)) continue;
        this.#world.violate("I1", `the edge's cursor of ${lane} passed ${seq}, which the cloud does not have`);
      }
    },
  };

  readonly cloudWatch: LogWatch<StoredReading> = {
    durable: (block) => this.#arrived(block),
    passed: (consumer, lane, from, to) => {
      const isDone = this.consumers.get(consumer);
      if (isDone === undefined) return;
      for (const record of this.cloud.slice(from, to)) {
        if (record.lane !== lane || isDone(record)) continue;
        const { epoch, seq } = record.reading;
        this.#world.violate("I1", `${consumer}'s cursor passed ${record.position} (${epoch}/${seq}), which it lacks`);
      }
    },
  };

  #tookOver(entry: EdgeEntry, epoch: number, seq: number): void {
    const publication = this.publicationOf(entry);
    if (publication === undefined) {
      return this.#world.violate(
        "I2",
        `the edge's ${epoch}/${seq} was published by no device: ${JSON.stringify(entry)}`,
      );
    }
    const difference = differenceOf(publication, entry);
    if (difference !== undefined) {
      this.#world.violate("I2", `publication ${publication.id} changed on its way to the edge: ${difference}`);
    }
    const before = publication.places.filter(
      (place) => this.#edgeRecord(place.epoch, place.seq)?.isForgotten === false,
    );
    publication.places.push({ epoch, seq });
    if (before.length === 0) return;
    this.#world.count("publications taken twice where that may be", publication.mayRepeat ? 1 : 0);
    if (!publication.mayRepeat) {
      const places = publication.places.map((place) => `${place.epoch}/${place.seq}`).join(" and ");
      this.#world.violate("I3", `publication ${publication.id} was taken over twice: ${places}`);
    }
  }

  #arrived({ lane, first, entries }: Block<StoredReading>): void {
    entries.forEach((reading, index) => {
      const position = first + index;
      const { gateway, epoch, seq } = reading;
      if (position !== this.cloud.length + 1) {
        this.#world.violate("I2", `the cloud put an entry at ${position} after ${this.cloud.length}`);
      }
      this.cloud.push({ position, lane, reading, durable_ms: this.#world.now_ms });
      const time = bootTimeOf(reading);
      if (time !== undefined) this.#world.trace("time", `boot ${time.boot} is dated by ${position}: ${time.offset_ms}`);
      const record = this.#edgeRecord(epoch, seq);
      if (record === undefined || gateway !== this.#gateway) {
        return this.#world.violate("I2", `the cloud has ${gateway} ${epoch}/${seq}, which the edge never had`);
      }
      if (record.position !== null) {
        return this.#world.violate("I3", `the cloud has ${epoch}/${seq} twice: at ${record.position} and ${position}`);
      }
      if (this.isRepeat(record)) this.#arrivedAgain(record, position);
      record.position = position;
      if (record.lane === lane && (isSame(record.entry, reading) || isCorrected(record.entry, reading))) return;
      const change = `${JSON.stringify(record.entry)} became ${JSON.stringify(reading)}`;
      this.#world.violate("I2", `${epoch}/${seq} changed on its way to the cloud: ${change}`);
    });
  }

  #arrivedAgain({ entry }: EdgeRecord, position: number): void {
    const publication = this.publicationOf(entry);
    if (publication === undefined || publication.mayRepeat) return;
    this.#world.violate("I3", `the cloud has publication ${publication.id} twice, the second time at ${position}`);
  }

  #edgeRecord(epoch: number, seq: number): EdgeRecord | undefined {
    return this.edge.get(epoch)?.[seq - 1];
  }
}

/** As the intake has it: what is older is not looked for at the level of MQTT. */
const unacknowledged_ms = 30_000;

/** Whether an entry came in shortly before all that came after it, by the clock that the edge had. */
function isShortlyBefore({ receivedAt }: EdgeEntry, records: readonly EdgeRecord[]): boolean {
  return records.every(({ entry }) => Math.abs(entry.receivedAt - receivedAt) <= unacknowledged_ms);
}

/** Whether a reading is an entry whose time was put right when it was sent. */
function isCorrected(entry: Reading, reading: Reading): boolean {
  if (entry.sinceBoot === undefined || reading.sinceBoot !== undefined) return false;
  return isSame(correct(entry, reading.receivedAt - entry.sinceBoot.ms), reading);
}

const fields = ["device", "kind", "channel", "at", "receivedAt", "clock", "value"] as const;

/** Whether two readings say the same. */
export function isSame(a: Reading, b: Reading): boolean {
  if (fields.some((field) => a[field] !== b[field])) return false;
  if (a.detail === null || b.detail === null) return a.detail === b.detail;
  const own = Object.entries(a.detail);
  return own.length === Object.keys(b.detail).length && own.every(([name, value]) => b.detail?.[name] === value);
}
