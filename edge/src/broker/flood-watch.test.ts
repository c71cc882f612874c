import { silentLogger } from "@gengfu/shared/logging";
import { RepeatLog } from "@gengfu/shared/repeat-limit";
import { ManualClock } from "@gengfu/shared/time/clock";
import { describe, expect, it } from "vitest";
import { Troubles } from "../troubles.ts";
import { FloodWatch, type FloodMeter } from "./flood-watch.ts";
import { brokerLimits } from "./schema.ts";

function watch(limits: object = {}) {
  const clock = new ManualClock();
  const troubles = new Troubles();
  const { flood } = brokerLimits.parse({ flood: limits });
  const floods = new FloodWatch({ limits: flood, troubles, clock, log: new RepeatLog(silentLogger, clock) });
  floods.start();
  return { clock, troubles, floods };
}

/** So many messages a second, for a while. */
function send(meter: FloodMeter, clock: ManualClock, perSecond: number, span_ms: number, qos = 1): number {
  let taken = 0;
  for (let at_ms = 0; at_ms < span_ms; at_ms += 100) {
    for (let n = 0; n < perSecond / 10; n++) if (meter.took(qos)) taken += 1;
    clock.advance(100);
  }
  return taken;
}

describe("a device that floods the gateway", () => {
  it("is reported with its rate once it has done so for ten seconds, and no more when it has been calm for as long", () => {
    const { clock, troubles, floods } = watch();
    const meter = floods.meter("boiler-1");
    send(meter, clock, 1_000, 9_000);
    expect([troubles.list(), meter.isFlooding]).toEqual([[], false]);
    send(meter, clock, 1_000, 1_100);
    expect(meter.isFlooding).toBe(true);
    expect(troubles.list()).toEqual([
      "设备 boiler-1 每秒发送约 1000 条消息(超过 100 条)。请检查该设备的设置。 " +
        "The device boiler-1 sends about 1000 messages a second (over 100). Check its settings.",
    ]);
    send(meter, clock, 10, 9_000);
    expect(troubles.list()).toHaveLength(1);
    send(meter, clock, 10, 2_100);
    expect([troubles.list(), meter.isFlooding]).toEqual([[], false]);
  });

  it("is none that sends as much at one time, or as a sensor does", () => {
    const { clock, troubles, floods } = watch();
    const meter = floods.meter("tank");
    send(meter, clock, 10_000, 5_000);
    send(meter, clock, 1, 10_000);
    send(meter, clock, 100, 60_000);
    expect(troubles.list()).toEqual([]);
  });

  it("is counted over all of its connections, and by itself", () => {
    const { clock, troubles, floods } = watch();
    const [one, same, other] = [floods.meter("a"), floods.meter("a"), floods.meter("b")];
    for (let tenth = 0; tenth < 120; tenth++) {
      for (let n = 0; n < 8; n++) one.took(1);
      for (let n = 0; n < 8; n++) same.took(1);
      other.took(1);
      clock.advance(100);
    }
    expect(troubles.list()).toEqual([expect.stringContaining("设备 a 每秒发送约 160 条")]);
  });

  it("is reported no longer when the broker stops", () => {
    const { clock, troubles, floods } = watch();
    send(floods.meter("a"), clock, 1_000, 11_000);
    expect(troubles.list()).toHaveLength(1);
    floods.stop();
    expect(troubles.list()).toEqual([]);
    clock.advance(60_000);
  });
});

describe("a limit", () => {
  it("is none unless one is set", () => {
    const { clock, floods } = watch();
    const meter = floods.meter("a");
    expect(send(meter, clock, 100_000, 1_000, 0)).toBe(100_000);
    expect([meter.pause_ms, meter.dropped]).toEqual([0, 0]);
  });

  it("lets a burst through, then drops at QoS 0 what is beyond it, and counts that", () => {
    const { clock, floods, troubles } = watch({ messages_per_second_max: 50, burst_seconds: 2 });
    const meter = floods.meter("a");
    const taken = send(meter, clock, 1_000, 20_000, 0);
    expect(taken).toBeGreaterThanOrEqual(100 + 50 * 19);
    expect(taken).toBeLessThanOrEqual(100 + 50 * 21);
    expect([meter.dropped, floods.dropped, meter.pause_ms]).toEqual([20_000 - taken, 20_000 - taken, 0]);
    expect(troubles.list()[0]).toMatch(/已丢弃 \d+ 条.*\d+ were dropped/);
  });

  it("holds back at QoS 1 for as long as the device owes", () => {
    const { clock, floods } = watch({ messages_per_second_max: 50, burst_seconds: 1 });
    const meter = floods.meter("a");
    for (let n = 0; n < 75; n++) expect(meter.took(1)).toBe(true);
    expect(meter.pause_ms).toBe(500);
    clock.advance(400);
    expect(meter.pause_ms).toBe(100);
    clock.advance(100);
    expect([meter.pause_ms, meter.dropped]).toEqual([0, 0]);
  });

  it("may be another for one device, or none", () => {
    const { floods } = watch({ messages_per_second_max: 1, burst_seconds: 0, devices: { fast: 0, slow: 0.1 } });
    const paused = (device: string): number => {
      const meter = floods.meter(device);
      for (let n = 0; n < 2; n++) meter.took(1);
      return meter.pause_ms;
    };
    expect(["other", "fast", "slow"].map(paused)).toEqual([1_000, 0, 10_000]);
  });
});
