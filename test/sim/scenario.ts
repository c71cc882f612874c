import type { CloudPlan } from "./cloud.ts";
import type { DevicePlan, SimKind } from "./device.ts";
import type { EdgePlan } from "./edge.ts";
import type { MachinePlan } from "./machine.ts";
import type { Random } from "./random.ts";
import type { DiskPlan } from "./sim-disk.ts";
import type { WaitingPlan } from "./sqlite-edge-disk.ts";
import type { StorePlan } from "./sim-influx.ts";
import type { LinkPlan } from "./sim-network.ts";

/** A time in which something is out of order, milliseconds. */
export interface Span {
  readonly from_ms: number;
  readonly to_ms: number;
}

/** What one seed lets happen: each fault is there in some seeds only, so that none always hides another. */
export interface Scenario {
  readonly duration_ms: number;
  readonly devices: readonly DevicePlan[];
  readonly edge: EdgePlan;
  readonly cloud: CloudPlan;
  readonly machines: Readonly<Record<"edge" | "cloud", MachinePlan>>;
  readonly disks: Readonly<Record<"edge" | "cloud", DiskPlan>>;
  readonly links: Readonly<Record<"devices" | "uplink", LinkPlan>>;
  readonly stores: Readonly<Record<"influx" | "embedded" | "rules", StorePlan>>;
  /** Bound of the edge's log in readings; with one it is the real log in SQLite, which drops at its bound. */
  readonly edgeLog_max: number | null;
  /** How the edge lets samples wait for the cloud, if it does; its log is then the real one, too. */
  readonly waits: WaitingPlan | null;
  readonly outages: Readonly<Record<Outage, readonly Span[]>>;
  /** When a process is asked to stop, or its machine loses power. */
  readonly restarts: Readonly<Record<"edge" | "cloud", readonly number[]>>;
  readonly powerCuts: Readonly<Record<"edge" | "cloud", readonly number[]>>;
  /** When the edge loses its disk. */
  readonly diskLosses: readonly number[];
  /** When a wall clock is set, and by how much, milliseconds. */
  readonly clockSets: readonly { readonly at_ms: number; readonly machine: "edge" | "cloud"; readonly by_ms: number }[];
}

export const outages = [
  "devices' network",
  "uplink's network",
  "edge's disk full",
  "cloud's disk full",
  "influx down",
  "influx hanging",
  "embedded down",
] as const;
export type Outage = (typeof outages)[number];

const minute_ms = 60_000;

export function drawScenario(random: Random): Scenario {
  const duration_ms = random.between(20_000, 90_000);
  const some = (probability: number, value: number): number => (random.chance(probability) ? value * random.next() : 0);
  const moments = (probability: number, most: number): number[] =>
    random.chance(probability) ? Array.from({ length: random.int(1, most) }, () => random.between(0, duration_ms)) : [];
  const spans = (probability: number, longest_ms: number): Span[] =>
    moments(probability, 3).map((from_ms) => ({ from_ms, to_ms: from_ms + random.between(500, longest_ms) }));
  const store = (probability: number): StorePlan => ({
    write_ms: random.pick([
      [0, 2],
      [1, 50],
      [20, 500],
    ]),
    fail: some(probability, 0.3),
    loseAnswer: some(probability, 0.3),
    hang: some(probability / 2, 0.2),
    late: some(probability / 2, 0.2),
  });
  const disk = (mayRefuse: number): DiskPlan => ({
    write_ms: random.pick([
      [0, 0],
      [0, 5],
      [1, 30],
      [5, 200],
    ]),
    stall: some(0.3, 0.02),
    tear: random.chance(0.3) ? 0.5 : 0,
    refuse: some(mayRefuse, 0.3),
  });
  const link = (mayMix: boolean): LinkPlan => ({
    latency_ms: random.pick([
      [0, 1],
      [1, 20],
      [20, 200],
      [1, 1_500],
    ]),
    cut: some(0.5, 0.03),
    hang: some(0.3, 0.01),
    repeat: mayMix ? some(0.2, 0.2) : 0,
    mixesTopics: mayMix && random.chance(0.2),
  });
  const machine = (mayForget: boolean): MachinePlan => ({
    strike: random.pick([0, 0, 0.002, 0.005, 0.02]),
    restart_ms: [10, random.pick([500, 5_000, 20_000])],
    wallAfterPowerCut: mayForget && random.chance(0.3) ? Date.UTC(2000, 0, 1) : null,
    served_ms: mayForget && random.chance(0.5) ? [0, random.pick([1_000, 20_000, 100_000])] : null,
  });
  const links = { devices: link(false), uplink: link(true) };
  const scenario: Scenario = {
    duration_ms,
    devices: drawDevices(random),
    edge: {
      pending_max: random.pick([20, 200, 5_000]),
      linger_ms: random.pick([0, 100, 500]),
      behind_readings: random.chance(0.5) ? random.pick([3, 20, 100]) : null,
      backlog_rate: random.pick([0, 0, 20]),
    },
    cloud: {
      pending_max: random.pick([10, 300, 200_000]),
      log_bytes_max: random.chance(0.2) ? random.int(2_000, 30_000) : null,
      slowRead: some(0.5, 0.5),
      unsure_for_ms: random.pick([60_000, 86_400_000]),
      tellsTime: random.chance(0.7),
    },
    machines: { edge: machine(true), cloud: machine(false) },
    disks: { edge: disk(0), cloud: disk(0.2) },
    links,
    stores: {
      influx: store(0.5),
      embedded: { ...store(0), fail: some(0.3, 0.2) },
      rules: { ...store(0), fail: some(0.3, 0.2) },
    },
    edgeLog_max: random.chance(0.1) ? random.int(50, 400) : null,
    outages: {
      "devices' network": spans(0.3, minute_ms),
      "uplink's network": spans(0.5, minute_ms),
      "edge's disk full": spans(0.2, 20_000),
      "cloud's disk full": spans(0.2, 30_000),
      "influx down": spans(0.3, minute_ms),
      "influx hanging": spans(0.3, 2 * minute_ms),
      "embedded down": spans(0.2, 30_000),
    },
    restarts: { edge: moments(0.2, 2), cloud: moments(0.2, 2) },
    powerCuts: { edge: moments(0.3, 3), cloud: moments(0.3, 3) },
    diskLosses: moments(0.1, 1),
    clockSets: moments(0.3, 4).map((at_ms) => ({
      at_ms,
      ...random.pick([
        { machine: "edge", by_ms: random.pick([-1, 1]) * random.pick([500, 10_000, 3_600_000, 365 * 86_400_000]) },
        { machine: "cloud", by_ms: random.pick([-1, 1]) * random.pick([500, 10_000]) },
      ] as const),
    })),
    waits: random.chance(0.3)
      ? { write_every_ms: random.pick([5_000, 600_000]), entries_max: random.pick([20, 200, 10_000]) }
      : null,
  };
  return scenario.waits === null ? scenario : { ...scenario, ...drawForWaiting(scenario, random) };
}

/** Samples wait only for a cloud that acknowledges soon, and what is forgotten is forgotten in a crash. */
function drawForWaiting(
  { links, machines, devices }: Scenario,
  random: Random,
): Pick<Scenario, "links" | "machines" | "devices"> {
  const latency_ms = random.pick([
    [0, 1],
    [1, 20],
    [20, 200],
  ] as const);
  const strike = random.pick([0.001, 0.002, 0.005]);
  return {
    devices: devices.map((device) => (random.chance(0.7) ? { ...device, kinds: ["temperature", "level"] } : device)),
    links: { ...links, uplink: { ...links.uplink, latency_ms } },
    machines: { ...machines, edge: { ...machines.edge, strike } },
  };
}

function drawDevices(random: Random): DevicePlan[] {
  const isBusy = random.chance(0.5);
  return Array.from({ length: random.int(1, 5) }, (_, index) => {
    const kinds = random.pick<readonly SimKind[]>([
      ["tap"],
      ["contact"],
      ["level"],
      ["temperature", "pressure"],
      ["count", "tap", "temperature"],
    ]);
    return {
      id: `device-${index + 1}`,
      kinds,
      isNumbered: random.chance(0.7),
      every_ms: isBusy ? [200, 2_000] : [1_000, 15_000],
      burst: random.pick([0, 0.05, 0.2]),
      burst_max: random.pick([5, 40]),
      window: random.pick([1, 5, 20]),
      reboot: random.chance(0.3) ? 0.02 : 0,
      goodbye: random.chance(0.3) ? 0.2 : 0,
      broken: random.chance(0.2) ? 0.05 : 0,
      poison: random.chance(0.5) ? 0.2 : 0,
    };
  });
}
