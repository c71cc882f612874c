import type { Ledger } from "@gengfu/cloud/ledger/ledger";
import type { CloudRecord, Oracle } from "./oracle.ts";
import { bootTimeOf, correct } from "@gengfu/shared/time/correction";
import { isUnsure, lineOf, split, type SimInflux } from "./sim-influx.ts";
import type { SimEmbedded } from "./sim-embedded.ts";
import type { Watched } from "./watch.ts";
import type { World } from "./world.ts";

export interface Everything {
  readonly world: World;
  readonly oracle: Oracle;
  readonly gateway: string;
  readonly ledger: Ledger;
  readonly influx: SimInflux;
  readonly embedded: SimEmbedded;
  /** Readings that wait for the time of their boot, before InfluxDB. */
  readonly parked: number;
  readonly watched: readonly Watched[];
  /** Whether InfluxDB was left behind rather than given it. */
  readonly isSkipped: (record: CloudRecord) => boolean;
  /** Of the edge's log, as it is now. */
  readonly epoch: number;
}

/** What must be so once all has drained: nothing is lost, nothing is there twice, nothing is there that no one sent. */
export function checkAll(everything: Everything): void {
  checkPublications(everything);
  checkConsumers(everything);
  checkStores(everything);
  checkLedger(everything);
}

function checkPublications({ world, oracle }: Everything): void {
  for (const { id, isAcknowledged, places } of oracle.publications) {
    const records = places.map(({ epoch, seq }) => oracle.edge.get(epoch)?.[seq - 1]);
    if (
      isAcknowledged &&
      !records.some((record) => record !== undefined && (record.position !== null || record.isDropped))
    ) {
      world.violate("I1", `publication ${id} was acknowledged, and the cloud does not have it`);
    }
  }
}

function checkConsumers({ world, oracle, watched }: Everything): void {
  for (const { name, isDone } of watched) {
    const record = oracle.cloud.find((each) => !isDone(each));
    if (record === undefined) continue;
    const { epoch, seq } = record.reading;
    world.violate("I1", `${name} lacks ${record.position} (${epoch}/${seq}), or has it otherwise`);
  }
}

function checkStores({ world, oracle, influx, embedded, parked, isSkipped }: Everything): void {
  if (embedded.readings.size > oracle.cloud.length) world.violate("I3", "the embedded store has more than the cloud");
  const offsets = new Map<number, number[]>();
  for (const { reading } of oracle.cloud) {
    const time = bootTimeOf(reading);
    if (time !== undefined) offsets.set(time.boot, [...(offsets.get(time.boot) ?? []), time.offset_ms]);
  }
  const expected = new Set<string>();
  let unsure = 0;
  for (const record of oracle.cloud) {
    const { reading } = record;
    const line = lineOf(reading);
    if (line === undefined) continue;
    const { content } = split(line);
    expected.add(content);
    const time = influx.times.get(content);
    if (time === undefined) {
      if (!influx.has(reading) && isUnsure(reading) && !isSkipped(record)) unsure += 1;
      continue;
    }
    const known = offsets.get(reading.sinceBoot?.boot ?? -1) ?? [];
    const possible = [reading, ...known.map((offset_ms) => correct(reading, offset_ms))];
    if (possible.some((each) => split(lineOf(each) ?? "").time === time)) continue;
    world.violate("I3", `InfluxDB has ${content} at ${time}, which no one knows of`);
  }
  for (const content of influx.times.keys()) {
    if (!expected.has(content)) world.violate("I3", `InfluxDB has a point that is no reading: ${content}`);
  }
  if (unsure <= parked) return;
  world.violate("I1", `${unsure} readings of an unsure time are not in InfluxDB, and only ${parked} wait before it`);
}

/** I2: of what is missing it is said why. */
function checkLedger({ world, oracle, gateway, ledger, epoch }: Everything): void {
  const records = oracle.edge.get(epoch) ?? [];
  const lost = records.findIndex(
    (record) =>
      record !== undefined &&
      record.position === null &&
      !record.isDropped &&
      !record.isForgotten &&
      !oracle.isRepeat(record),
  );
  if (lost >= 0) world.violate("I2", `${epoch}/${lost + 1} came to the edge and never to the cloud`);
  const { missing } = ledger.view(gateway, epoch);
  const unexplained = missing.find(({ reason }) => reason === "in transit or lost");
  if (unexplained === undefined) return;
  const { from, to } = unexplained;
  world.violate("I2", `of ${epoch} the cloud lacks ${from} to ${to} and does not know why`);
}
