import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Interval } from "@gengfu/shared/intervals";
import { bootTimeOf } from "@gengfu/shared/time/correction";
import { uplinkTopics, type GatewayStatus } from "@gengfu/shared/uplink-protocol";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { runEdge, startEdgeProcess, type EdgeProcess } from "./testing/edge-process.ts";
import { FakeCloud } from "./testing/fake-cloud.ts";
import { RawClient, type RawPublish } from "./testing/raw-client.ts";

const example = join(import.meta.dirname, "../edge.example.yaml");
const demoSite = join(import.meta.dirname, "../../deploy/demo/site.yaml");
const level = "gengfu/v1/tank-fire/level";

let folder: string;
let cloud: FakeCloud;
let edges: EdgeProcess[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "gengfu-edge-"));
  cpSync(demoSite, join(folder, "site.yaml"));
  cloud = new FakeCloud({ gateway: "main-building", secret: "demo" });
  configure(await cloud.start());
  edges = [];
});
afterEach(async () => {
  await Promise.all(edges.map((edge) => edge.end("SIGKILL")));
  await cloud.stop();
  rmSync(folder, { recursive: true });
});

function configure(cloudPort: number, port = 0): void {
  const lines = [
    "gateway: main-building",
    `devices_broker: { port: ${port} }`,
    `uplink: { url: "mqtt://127.0.0.1:${cloudPort}" }`,
    "gpio: { lines: [{ offset: 17, chip: no-such-chip, device: fire-panel, channel: fire }] }",
  ];
  writeFileSync(join(folder, "edge.yaml"), lines.join("\n"));
}

async function start(environment: Readonly<Record<string, string>> = {}): Promise<EdgeProcess> {
  const edge = await startEdgeProcess(join(folder, "edge.yaml"), environment);
  edges.push(edge);
  return edge;
}

async function signedOn(port: number, clientId: string): Promise<RawClient> {
  const client = await RawClient.open(port);
  expect(await client.signOn({ user: "tank-fire", password: "demo", clientId })).toBe(0);
  return client;
}

describe("the command", () => {
  it("finds the example right", async () => {
    const { code, stdout } = await runEdge("--config", example, "--check");
    expect([code, stdout.includes("is right: gateway main-building, 8 devices")]).toEqual([0, true]);
  });

  it("explains itself, and refuses what it doesn't know", async () => {
    expect(await runEdge("--help")).toMatchObject({ code: 0, stdout: expect.stringContaining("--config FILE") });
    expect(await runEdge()).toMatchObject({ code: 1, stderr: expect.stringContaining("--config FILE is missing") });
    expect(await runEdge("--confg", "x")).toMatchObject({ code: 1, stderr: expect.stringContaining("--confg") });
  });

  it("ends at a wrong configuration, without a stack", async () => {
    writeFileSync(join(folder, "edge.yaml"), "gateway: main-building\nuplink: {}\n");
    const { code, stdout, stderr } = await runEdge("--config", join(folder, "edge.yaml"));
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("uplink.url");
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

describe("the gateway", () => {
  it("brings what devices report to the cloud, tells its state, and ends when it is asked to", async () => {
    const edge = await start();
    const client = await signedOn(edge.port, "pi");
    client.publish({ topic: level, payload: '{"metres":1.25}', id: 1 });
    await client.acknowledgement(1);
    await vi.waitFor(() => expect(cloud.readings()).toHaveLength(1));
    expect(cloud.readings()[0]).toMatchObject({ gateway: "main-building", seq: 1, device: "tank-fire", value: 1.25 });
    const beat = cloud.heartbeats()[0];
    expect(beat).toMatchObject({ gateway: "main-building", dropped: 0, quarantined: 0 });
    expect(beat?.troubles.join()).toMatch(/GPIO/);
    const asked = performance.now();
    expect(await edge.end("SIGTERM")).toBe(0);
    expect(performance.now() - asked).toBeLessThan(5_000);
    const output = await edge.output;
    expect(output).toContain("the edge is ready");
    expect(output).not.toContain("demo");
  });

  it("is one for each data folder, also after it was killed", async () => {
    const edge = await start();
    const second = await runEdge("--config", join(folder, "edge.yaml"));
    expect(second).toMatchObject({ code: 1, stdout: expect.stringContaining("in use by another process") });
    expect(second.stdout.trim().split("\n")).toHaveLength(1);
    expect(await edge.end("SIGKILL")).toBe("SIGKILL");
    await start();
  });

  it("ends when the process that started it is gone", async () => {
    const edge = await start();
    const ended = new Promise((resolve) => edge.child.once("exit", resolve));
    edge.child.disconnect();
    expect(await ended).toBe(0);
  });

  it("loses nothing that it acknowledged when it is killed, and makes no second reading of what comes again", async () => {
    const publishes = (from: number, to: number, dup: boolean): RawPublish[] =>
      Array.from({ length: to - from + 1 }, (_, index) => from + index).map((id) => ({
        topic: level,
        payload: `{"metres":${id / 1_000}}`,
        id,
        dup,
      }));
    let edge = await start();
    configure(cloud.port, edge.port);
    let client = await signedOn(edge.port, "pi");
    // killed in the middle: some are acknowledged, some are on their way to the disk, some have not been read
    client.publish(...publishes(1, 100, false));
    await client.acknowledgement(100);
    const upTo = 300;
    for (let id = 101; id <= upTo; id += 20) client.publish(...publishes(id, id + 19, false));
    await client.acknowledgement(101);
    await edge.end("SIGKILL");
    await client.closed();
    const acknowledged = client.acknowledged.length;
    expect(client.acknowledged).toEqual(publishes(1, acknowledged, false).map(({ id }) => id));

    edge = await start();
    client = await signedOn(edge.port, "pi");
    client.publish(...publishes(acknowledged + 1, upTo, true), ...publishes(upTo + 1, upTo + 1, false));
    await client.acknowledgement(upTo + 1);
    // killed with everything on disk, but the acknowledgements don't reach the device
    client.socket.pause();
    client.publish(...publishes(upTo + 2, upTo + 200, false));
    await vi.waitFor(() => expect(seqs().size).toBeGreaterThanOrEqual(upTo + 200), { timeout: 10_000 });
    await edge.end("SIGKILL");
    client.socket.destroy();

    edge = await start();
    client = await signedOn(edge.port, "pi");
    client.publish(...publishes(upTo + 2, upTo + 200, true), ...publishes(upTo + 201, upTo + 210, false));
    await client.acknowledgement(upTo + 210);
    await vi.waitFor(() => expect(new Set(seqs().values()).size).toBe(upTo + 210), { timeout: 10_000 });
    expect(new Set(seqs().values())).toEqual(new Set(publishes(1, upTo + 210, false).map(({ id = 0 }) => id / 1_000)));
    expect(seqs().size).toBe(upTo + 210);
  });

  it("whose clock counts from 2000 sends what it has, and dates it when the cloud tells the time, over a restart", async () => {
    const years_ms = Date.now() - Date.UTC(2000, 0, 1);
    const behind = `const now = Date.now; Date.now = () => now() - ${years_ms};`;
    const environment = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(behind)}` };
    const publish = async (id: number): Promise<number> => {
      const client = await signedOn(edges.at(-1)?.port ?? 0, `pi-${id}`);
      const before = Date.now();
      client.publish({ topic: level, payload: `{"metres":${id}}`, id });
      await client.acknowledgement(id);
      return before;
    };
    const first = await start(environment);
    const taken = await publish(1);
    await vi.waitFor(() => expect(cloud.readings()).toHaveLength(1));
    const [unsure] = cloud.readings();
    expect(unsure).toMatchObject({ clock: "unsynchronised" });
    expect(Math.abs((unsure?.at ?? 0) + years_ms - taken)).toBeLessThan(1_000);
    await first.end("SIGKILL");

    cloud.onPublish = ({ qos, payload }) => {
      const asked_ms = qos === 0 ? (JSON.parse(payload.toString()) as GatewayStatus).asked_ms : undefined;
      if (asked_ms !== undefined)
        cloud.say(uplinkTopics.time("main-building"), JSON.stringify({ at: Date.now(), asked_ms }));
      return "acknowledge";
    };
    await start(environment);
    await vi.waitFor(() => expect(cloud.readings().map(({ kind }) => kind)).toContain("clock"));
    const record = cloud.readings().find(({ kind }) => kind === "clock");
    const time = record === undefined ? undefined : bootTimeOf(record);
    expect(time?.boot).toBe(unsure?.sinceBoot?.boot);
    expect(Math.abs((unsure?.sinceBoot?.ms ?? 0) + (time?.offset_ms ?? 0) - taken)).toBeLessThan(1_000);
    const later = await publish(2);
    await vi.waitFor(() => expect(cloud.readings().at(-1)).toMatchObject({ value: 2, clock: "corrected" }));
    expect(Math.abs((cloud.readings().at(-1)?.at ?? 0) - later)).toBeLessThan(1_000);
  });

  /**
   * The value of every seq that the cloud got; the same seq twice is the uplink's right, and so is another one if it
   * says that it may be the repeat of what was forgotten.
   */
  function seqs(): Map<number, number | null> {
    const levels = cloud.readings().filter(({ kind }) => kind === "level");
    const isThere = (key: string, [from, to]: Interval): boolean =>
      levels.some(({ seq, repeat }) => repeat?.key === key && from <= seq && seq <= to);
    const kept = levels.filter(({ repeat }) => repeat?.mayRepeat == null || !isThere(repeat.key, repeat.mayRepeat));
    return new Map(kept.map(({ seq, value }) => [seq, value]));
  }
});
