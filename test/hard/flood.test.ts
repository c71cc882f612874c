import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { pause, systemClock } from "@gengfu/shared/time/clock";
import { Device } from "../support/device.ts";
import { root } from "../support/demo.ts";
import { startFakeWecom } from "../support/fake-wecom.ts";
import { takenIn } from "../support/gateway.ts";
import { startServices } from "../support/services.ts";
import { until } from "../support/until.ts";

const lasts_ms = 6_000;
/** More than any edge takes from one connection; it doesn't wait for acknowledgements. */
const flood_per_s = 400_000;
const acknowledged_within_ms = 1_000;
const wecom_within_ms = 1_000;
/** As much as the log's caches and a generous heap; after a minute of flood it is the same. */
const growth_bytes_max = 350 * 1024 * 1024;

test("a device that floods its gateway holds up no other, and fills no memory", async () => {
  const wecom = await startFakeWecom();
  onTestFinished(() => wecom.stop());
  const services = await startServices({ wecomUrl: wecom.url, uplink: { heartbeat: "500ms" } });
  const { api, deviceBroker: broker, edge } = services;
  const [tank, panel] = ["tank-domestic", "fire-panel"].map((device) => new Device({ broker, device })) as [
    Device,
    Device,
  ];
  onTestFinished(() => [tank, panel].forEach((device) => device.end()));
  await tank.publish("level", { metres: 1 });
  await panel.publish("contact", { channel: "fire", closed: false });
  const before_bytes = resident(edge.pid);

  const flood = startFlood(broker);
  await until("the flood to rise", async () => (await takenIn(api)) > 20_000);
  const end = performance.now() + lasts_ms;
  const acknowledged_ms: number[] = [];
  let most_bytes = 0;
  const fires: number[] = [];
  for (let n = 0; performance.now() < end; n++) {
    const sent = performance.now();
    await tank.publish("level", { metres: 1 + n / 1_000 });
    acknowledged_ms.push(performance.now() - sent);
    most_bytes = Math.max(most_bytes, resident(edge.pid));
    if (n % 20 === 10) {
      const closed = performance.now();
      await panel.publish("contact", { channel: "fire", closed: true });
      await until("the fire to reach the group", () => wecom.requests.length > fires.length, { every_ms: 5 });
      fires.push((wecom.requests.at(-1)?.at ?? Infinity) - closed);
      await panel.publish("contact", { channel: "fire", closed: false });
    }
    await pause(systemClock, 50);
  }
  await flood.stop();

  const last = await until("the flood to be told of", async () => {
    const received = await takenIn(api);
    return received > 20_000 && received;
  });
  console.log(
    `${Math.round(last / 1_000)} thousand readings; others acknowledged within ${Math.round(Math.max(...acknowledged_ms))} ms, ` +
      `fires at WeCom within ${fires.map(Math.round).join(", ")} ms; ` +
      `the edge grew by ${Math.round((most_bytes - before_bytes) / 1024 / 1024)} MiB`,
  );
  expect(Math.max(...acknowledged_ms)).toBeLessThan(acknowledged_within_ms);
  expect(fires.length).toBeGreaterThan(2);
  expect(Math.max(...fires)).toBeLessThan(wecom_within_ms);
  expect(most_bytes - before_bytes).toBeLessThan(growth_bytes_max);
  const levels = await until("every level of the other device", async () => {
    const found = await api.readings("?kind=level&device=tank-domestic&limit=100000");
    return found.length > acknowledged_ms.length && found;
  });
  expect(levels.length).toBe(acknowledged_ms.length + 1);
  expect((await api.alerts()).filter(({ rule }) => rule === "fire").length).toBe(fires.length);
});

/** One device that publishes faster than it is listened to, in a process of its own. */
function startFlood(broker: string): { stop(): Promise<void> } {
  const load = {
    port: Number(new URL(broker).port),
    connections: 1,
    window: 0,
    rate: flood_per_s,
    messages: 1e8,
    users: ["boiler-1"],
    password: "demo",
    boot: 1,
  };
  const child = spawn(process.execPath, [join(root, "test", "bench", "load.ts"), JSON.stringify(load)], {
    stdio: "ignore",
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = (): Promise<void> => {
    child.kill("SIGKILL");
    return ended;
  };
  onTestFinished(stop);
  return { stop };
}

/** Resident memory of a process, bytes. */
function resident(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1_024;
}
