import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { InfluxStore } from "@gengfu/cloud/stores/influx/influx-store";
import { influxSettings } from "@gengfu/cloud/stores/influx/settings";
import type { WriteResult } from "@gengfu/cloud/stores/store";
import type { StoredReading } from "@gengfu/shared/model/reading";
import { startInflux, type Influx } from "../support/influxd.ts";
import { lacks } from "../support/tools.ts";
import { CloudPath, gateway } from "./cloud-path.ts";
import { Pi } from "./pi.ts";

const y2000 = Date.UTC(2000, 0, 1);
const truth = Date.UTC(2026, 10, 1, 8);
const day_ms = 86_400_000;
const facts = {
  sites: ["yitong-court"],
  siteOf: () => "yitong-court",
  tap: () => ({ checkpoint: null, guard: null, guardName: null }),
};

/** Points as InfluxDB has them: one for each time of a series. */
interface Points {
  write(readings: readonly StoredReading[]): Promise<WriteResult>;
  /** Value and time of every level, in order of time. */
  levels(): Promise<[value: number, at: number][]>;
  stop(): Promise<void>;
}

function pointsInMemory(): Points {
  const points = new Map<string, [number, number]>();
  return {
    write: async (readings) => {
      for (const { kind, seq, at, value } of readings) {
        if (kind === "level") points.set(`${at} ${seq}`, [value ?? Number.NaN, at]);
      }
      return { rejected: [] };
    },
    levels: async () => [...points.values()].toSorted(([, a], [, b]) => a - b),
    stop: async () => undefined,
  };
}

async function pointsInInflux(): Promise<Points> {
  const influx: Influx = await startInflux();
  const store = new InfluxStore(influxSettings.parse({ url: influx.url, database: "gengfu" }), facts);
  return {
    write: (readings) => store.write(readings),
    levels: async () => {
      const rows = await store.readings({ kind: "level", limit: 100_000 });
      return rows.toReversed().map(({ at, value }) => [value ?? Number.NaN, at]);
    },
    stop: () => influx.stop(),
  };
}

describe.each([
  ["points in memory", pointsInMemory, false],
  ["a real influxd", pointsInInflux, lacks("influxd")],
] as const)("a gateway without a battery clock, into %s", (_name, openPoints, isMissing) => {
  describe.skipIf(isMissing)("", () => {
    let folder: string;
    let points: Points;
    let cloud: CloudPath;
    let pi: Pi;
    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), "gengfu-time-"));
      points = await openPoints();
      cloud = await CloudPath.start(folder, truth, points);
      pi = new Pi(cloud, folder);
    });
    afterEach(async () => {
      await pi.powerOff();
      await cloud.stop();
      await points.stop();
      rmSync(folder, { recursive: true });
    });

    /** All arrived, each once, at the time at which it was truly taken. */
    async function expectTruth(): Promise<void> {
      await pi.delivered();
      await cloud.written();
      expect(cloud.ledger.view(gateway)?.missing).toEqual([]);
      const expected = pi.taken.map((at, value) => [value, at]);
      expect((await cloud.levels()).map(({ value, at }) => [value, at])).toEqual(expected);
      expect(await points.levels()).toEqual(expected);
      expect(cloud.parked.parked).toBe(0);
    }

    it("that begins in 2000 has everything at its right time in the end, what was sent before as what was not", async () => {
      pi.powerOn(y2000);
      await pi.take(120);
      cloud.tellsTime = false;
      pi.connect();
      await pi.take(130);
      await pi.delivered();
      await cloud.written();
      expect((await cloud.levels()).map(({ clock }) => clock)).toEqual(Array(250).fill("unsynchronised"));
      expect(await points.levels()).toEqual([]);
      await pi.restartProcess();
      await pi.take(250);
      expect(pi.clockQuality).toBe("unsynchronised");
      cloud.tellsTime = true;
      pi.connect();
      await expectTruth();
      expect((await cloud.levels()).map(({ clock }) => clock)).toEqual(Array(500).fill("corrected"));
      expect(pi.clockQuality).toBe("corrected");
      await pi.restartProcess();
      await pi.take(5);
      pi.connect();
      await expectTruth();
    });

    it("loses and reorders nothing when someone sets the clock back by a day, and on again", async () => {
      pi.powerOn(truth);
      pi.connect();
      await pi.take(25);
      pi.setClock(-day_ms);
      await pi.take(4);
      await pi.delivered();
      pi.pass(10_000);
      await pi.take(10);
      pi.setClock(3 * day_ms);
      await pi.disconnect();
      await pi.take(10);
      pi.connect();
      await expectTruth();
      const qualities = (await cloud.levels()).map(({ clock }) => clock);
      expect(qualities.slice(0, 25)).toEqual(Array(25).fill("synchronised"));
      expect(qualities).not.toContain("unsynchronised");
    });

    it("keeps what nobody can date any more as it is, in its order, and dates the boot after it", async () => {
      cloud.tellsTime = false;
      pi.powerOn(y2000);
      await pi.take(10);
      pi.connect();
      await pi.take(10);
      await pi.delivered();
      await pi.powerOff();
      pi.powerOn(y2000);
      await pi.take(10);
      cloud.tellsTime = true;
      pi.connect();
      await pi.delivered();
      await cloud.written();
      const rows = await cloud.levels();
      expect(rows.map(({ value }) => value)).toEqual(Array.from({ length: 30 }, (_, index) => index));
      expect(rows.slice(0, 20).map(({ at, clock }) => [at, clock])).toEqual(
        Array.from({ length: 20 }, (_, index) => [y2000 + (index + 1) * 1_000, "unsynchronised"]),
      );
      expect(rows.slice(20).map(({ at, clock }) => [at, clock])).toEqual(
        pi.taken.slice(20).map((at) => [at, "corrected"]),
      );
      expect((await points.levels()).map(([value]) => value)).toEqual(
        Array.from({ length: 10 }, (_, index) => 20 + index),
      );
      cloud.clock.advance(day_ms);
      await cloud.parked.releaseOld();
      expect((await points.levels()).map(([value]) => value)).toEqual(Array.from({ length: 30 }, (_, index) => index));
    });
  });
});
