import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { setPriority } from "node:os";
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
/** Publishes that it has under way: many times what the edge takes from one connection before it acknowledges. */
const window = 20_000;
/** Mostly, and at the worst, since a busy machine may stop everything for a moment. */
const acknowledged_within_ms = { mostly: 500, always: 5_000 };
const wecom_within_ms = { mostly: 1_000, always: 5_000 };
/** The edge's heap, as on a small gateway: what is kept of every reading would soon fill it, and end the edge. */
const heap_mebibytes_max = 96;
/** With the buffers beside the heap. */
const growth_bytes_max = 150 * 1024 * 1024;
const fires_least = 4;

test("a device that floods its gateway holds up no other, and fills no memory", async () => {
  const wecom = await startFakeWecom();
  onTestFinished(() => wecom.stop());
  const services = await startServices({
    wecomUrl: wecom.url,
    uplink: { heartbeat: "500ms" },
    edgeArgs: [`--max-old-space-size=${heap_mebibytes_max}`],
  });
  const { api, deviceBroker: broker, edge } = services;
  const [tank, panel] = ["tank-domestic", "fire-panel"].map((device) => new Device({ broker, device })) as [
    Device,
    Device,
  ];
  onTestFinished(() => [tank, panel].forEach((device) => device.end()));
  await tank.publish("level", { metres: 1 });
  await panel.publish("contact", { channel: "fire", closed: false });
  const { pid } = edge;
  const died = edge.died();
  // it does at the end of the test
  died.catch(() => undefined);
  const before_bytes = resident(pid);

  const flood = startFlood(broker);
  await until("the flood to rise", async () => (await takenIn(api)) > 20_000);
  const end = performance.now() + lasts_ms;
  const acknowledged_ms: number[] = [];
  let most_bytes = 0;
  const fires: number[] = [];
  for (let n = 0; performance.now() < end || fires.length < fires_least; n++) {
    const sent = performance.now();
    await Promise.race([tank.publish("level", { metres: 1 + n / 1_000 }), died]);
    acknowledged_ms.push(performance.now() - sent);
    most_bytes = Math.max(most_bytes, resident(pid));
    if (n % 15 === 10) {
      const closed = performance.now();
      await Promise.race([panel.publish("contact", { channel: "fire", closed: true }), died]);
      await until("the fire to reach the group", () => wecom.requests.length > fires.length, { every_ms: 5 });
      fires.push((wecom.requests.at(-1)?.at ?? Infinity) - closed);
      await Promise.race([panel.publish("contact", { channel: "fire", closed: false }), died]);
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
  for (const [took_ms, within_ms] of [
    [acknowledged_ms, acknowledged_within_ms],
    [fires, wecom_within_ms],
  ] as const) {
    const sorted = took_ms.toSorted((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(within_ms.mostly);
    expect(sorted.at(-1)).toBeLessThan(within_ms.always);
  }
  expect(most_bytes - before_bytes).toBeLessThan(growth_bytes_max);
  const levels = await until("every level of the other device", async () => {
    const found = await api.readings("?kind=level&device=tank-domestic&limit=100000");
    return found.length > acknowledged_ms.length && found;
  });
  expect(levels.length).toBe(acknowledged_ms.length + 1);
  expect((await api.alerts()).filter(({ rule }) => rule === "fire").length).toBe(fires.length);
});

/** One device that publishes as fast as it is listened to, in a process of its own. */
function startFlood(broker: string): { stop(): Promise<void> } {
  const load = {
    port: Number(new URL(broker).port),
    connections: 1,
    window,
    messages: 1e8,
    users: ["boiler-1"],
    password: "demo",
    boot: 1,
  };
  const child = spawn(process.execPath, [join(root, "test", "bench", "load.ts"), JSON.stringify(load)], {
    stdio: "ignore",
  });
  // on a site the device doesn't share the gateway's processor
  if (child.pid !== undefined) setPriority(child.pid, 10);
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
