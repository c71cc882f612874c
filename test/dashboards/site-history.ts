import type { DetailValue, Kind, StoredReading } from "@gengfu/shared/model/reading";
import type { GatewayStatus } from "@gengfu/shared/uplink-protocol";
import { alertLine, gatewayStatusLine } from "@gengfu/cloud/stores/influx/lines";
import type { InfluxStore } from "@gengfu/cloud/stores/influx/influx-store";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const shanghai = 8 * hour;
const step = 5 * minute;

/** What the history was made with, so that a test can ask for it back. */
export const made = {
  days: 14,
  /** The fire tank leaks by night, the domestic one doesn't; m/h. */
  leak_m_per_h: 0.012,
  /** The domestic tank is filled up once a day; m. */
  refill_m: 0.8,
  /** One every five minutes from 08:00 to 17:00. */
  peoplePerDay: 108,
  taps: [
    { reader: "reader-lobby", card: "04A1B2C3D4E580" },
    { reader: "reader-floor-2", card: "04a1b2c3d4e580" },
    { reader: "reader-boiler-room", card: "04A1B2C3D4E581" },
    { reader: "reader-lobby", card: "04FFFFFFFFFFFF" },
  ],
} as const;

/** Writes a fortnight of the demo site that ends at `now`, through the cloud's own writer. */
export async function writeHistory(store: InfluxStore, now: number): Promise<void> {
  const readings = history(now);
  for (let index = 0; index < readings.length; index += 5_000) {
    const { rejected } = await store.write(readings.slice(index, index + 5_000));
    if (rejected.length > 0) throw new Error(`a reading was refused: ${rejected[0]?.reason}`);
  }
  const refused = await store.writeLines([...alerts(now), ...statuses(now)]);
  if (refused.length > 0) throw new Error(`a line was refused: ${refused[0]?.reason}`);
}

function history(now: number): StoredReading[] {
  const readings: StoredReading[] = [];
  const add = (at: number, device: string, kind: Kind, value: number | null, more: More = {}): void => {
    const { channel = null, detail = null } = more;
    const identity = { gateway: "main-building", epoch: 1, seq: readings.length + 1 };
    readings.push({ ...identity, device, kind, channel, at, receivedAt: at, clock: "synchronised", value, detail });
  };
  const begin = midnightOf(now) - (made.days - 1) * day;
  let people = 0;
  for (let at = begin; at <= now; at += step) {
    const ofDay = (at + shanghai) % day;
    const nights = Math.floor((at - begin) / day) + Math.min(ofDay / (6 * hour), 1);
    add(at, "tank-fire", "level", 2.9 - nights * 6 * made.leak_m_per_h);
    add(at, "tank-domestic", "level", 2.6 - drawn(ofDay));
    add(at, "boiler-1", "temperature", 70 + 3 * Math.sin(at / hour), { channel: "supply" });
    add(at, "boiler-1", "temperature", 55 + 2 * Math.sin(at / hour), { channel: "return" });
    add(at, "boiler-1", "pressure", 180);
    // the gate's counter starts anew with each boot, here every other midnight
    if (ofDay === 0 && ((at - begin) / day) % 2 === 1) people = 0;
    if (ofDay > 8 * hour && ofDay <= 17 * hour) people += 1;
    add(at, "screening-gate", "count", people);
    const detail = { battery_volts: 3.6, rssi_dbm: -71, uptime_seconds: (at - begin) / 1_000, firmware: "1.4.0" };
    add(at, "tank-fire", "status", null, { detail });
    if (ofDay === 7 * hour) {
      for (const { reader, card } of made.taps) add(at, reader, "tap", null, { detail: { card } });
    }
  }
  for (const channel of ["fire", "fault", "mains"]) add(begin, "fire-panel", "contact", 0, { channel });
  add(now - hour, "fire-panel", "contact", 1, { channel: "fault" });
  for (const device of ["fire-panel", "tank-fire"]) add(now - 2 * hour, device, "state", 1);
  return readings;
}

interface More {
  readonly channel?: string;
  readonly detail?: Readonly<Record<string, DetailValue>>;
}

/** How much of the domestic tank is gone at a time of day: drawn from 06:00 to 22:00, filled from 22:00 to 23:00. */
function drawn(ofDay: number): number {
  const soFar = Math.min(Math.max(ofDay - 6 * hour, 0) / (16 * hour), 1);
  const filled = Math.min(Math.max(ofDay - 22 * hour, 0) / hour, 1);
  return made.refill_m * (soFar - filled);
}

function alerts(now: number): string[] {
  let id = 0;
  const write = (
    alert: string,
    rule: string,
    severity: "critical" | "warning",
    states: readonly AlertState[],
  ): string[] =>
    states.map((state, index) =>
      alertLine({ id: (id += 1), alert, at: now - hour + index * minute, rule, severity, state, value: 1 }),
    );
  return [
    ...write("a1", "fire-tank-low", "critical", ["firing", "acknowledged", "cleared", "closed"]),
    ...write("a2", "fire-panel-fault", "warning", ["pending", "firing"]),
  ];
}

type AlertState = "pending" | "firing" | "acknowledged" | "cleared" | "closed";

function statuses(now: number): string[] {
  return Array.from({ length: 60 }, (_, index) => {
    const queued = { events: 0, samples: index };
    const status: GatewayStatus = {
      gateway: "main-building",
      epoch: 1,
      at: now,
      clock: "synchronised",
      last: 1,
      backlog: queued,
      dropped: 0,
      quarantined: 2,
      uptime_s: 3_600,
      rss_bytes: 9e7,
      version: "0.1.0",
      troubles: [],
    };
    const view = { id: "main-building", connected: true, backlog: index, queued, status };
    return gatewayStatusLine("yitong-court", view, now - index * minute);
  });
}

/** The last midnight in Shanghai, which keeps one offset all year. */
export function midnightOf(now: number): number {
  return now - ((now + shanghai) % day);
}
