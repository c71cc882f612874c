import assert from "node:assert/strict";
import { execFileSync, fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEdgeProcess, type EdgeProcess } from "../../../edge/src/testing/edge-process.ts";
import { FakeCloud } from "../../../edge/src/testing/fake-cloud.ts";
import { isAlive } from "../../support/processes.ts";
import { until } from "../../support/until.ts";
import { children, type RealDriver } from "./bench.ts";
import type { GuestCase } from "./guest-case.ts";

const root = join(import.meta.dirname, "../../..");
const within_ms = 90_000;

const outputs = [
  "{ name: siren, offset: 5 }",
  "{ name: door, offset: 6, safe: on }",
  "{ name: relay, offset: 13, active_low: true }",
];

function settings(driver: RealDriver, lines: readonly string[], port: number): string {
  return `gateway: main-building
devices_broker: { port: 0 }
uplink: { url: "mqtt://127.0.0.1:${port}", heartbeat: 1s, linger: 0ms }
gpio:
  driver: ${driver}
  lines: [${lines.join(", ")}]
  outputs: [${outputs.join(", ")}]
`;
}

interface Gateway {
  readonly cloud: FakeCloud;
  readonly config: string;
  start(): Promise<EdgeProcess>;
}

/** A gateway of the demo site with a cloud to talk to. */
async function withGateway(
  driver: RealDriver,
  lines: readonly string[],
  use: (gateway: Gateway) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "gengfu-edge-"));
  const cloud = new FakeCloud({ gateway: "main-building", secret: "demo" });
  const config = join(folder, "edge.yaml");
  const started: EdgeProcess[] = [];
  cpSync(join(root, "deploy/demo/site.yaml"), join(folder, "site.yaml"));
  writeFileSync(config, settings(driver, lines, await cloud.start()));
  try {
    await use({
      cloud,
      config,
      async start() {
        const edge = await startEdgeProcess(config);
        started.push(edge);
        return edge;
      },
    });
  } finally {
    await Promise.all(started.map((edge) => edge.end("SIGKILL")));
    await cloud.stop();
    rmSync(folder, { recursive: true });
  }
}

async function startSiren(driver: RealDriver): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, "siren.ts"), [driver]);
  const [{ troubles }] = (await once(child, "message")) as [{ troubles: string[] }];
  assert.deepEqual(troubles, []);
  return child;
}

/** Ends a process; resolves when it and all that it started are gone. */
async function gone(child: ChildProcess, end: () => void): Promise<void> {
  const all = [child.pid ?? 0, ...children(child.pid ?? 0)];
  const exited = once(child, "exit");
  end();
  await exited;
  await until("all to be gone", () => all.every((pid) => !isAlive(pid)), { within_ms });
}

/** What was told of counts, in its order; a gateway that was killed tells again what was not acknowledged to it. */
function totalsOf(cloud: FakeCloud): number[] {
  const counts = cloud.readings().filter(({ kind }) => kind === "count");
  return [...new Map(counts.map(({ seq, value }) => [seq, value ?? -1])).values()];
}

/** What whole processes do with the lines, however they end. */
export function processCases(driver: RealDriver): GuestCase[] {
  /** By sysfs the kernel goes on driving a line; by the character device it takes it back, here to the low of its pull. */
  const keeps = driver === "sysfs";
  return [
    {
      name: "the gateway tells of its contacts, of a line that is missing, and has its outputs safe, to its end too",
      async run(chip) {
        const lines = [
          "{ offset: 17, device: fire-panel, meaning: fire }",
          "{ offset: 53, chip: no-such-chip, device: fire-panel, meaning: mains }",
        ];
        await withGateway(driver, lines, async (gateway) => {
          const { cloud } = gateway;
          const edge = await gateway.start();
          const levels = () => [5, 6, 13].map((offset) => chip.value(offset));
          assert.deepEqual(levels(), [0, 1, 1]);
          chip.pull(17, 1);
          const isTold = () => cloud.readings().some(({ channel, value }) => channel === "fire" && value === 1);
          await until("the fire", isTold, { within_ms });
          const troubles = () => cloud.heartbeats().at(-1)?.troubles.join() ?? "";
          await until("the missing line", () => troubles().includes("no line no-such-chip 53"), { within_ms });
          // as a program beside it might
          if (keeps) writeFileSync("/sys/class/gpio/gpio517/value", "1");
          assert.equal(await edge.end("SIGTERM"), 0);
          assert.deepEqual(levels(), keeps ? [0, 1, 1] : [0, 0, 0]);
          assert.deepEqual(children(process.pid), []);
          assert.equal(existsSync("/sys/class/gpio/gpio529"), false);
        });
      },
    },
    {
      name: "an output that is on is safe after SIGTERM",
      async run(chip) {
        const siren = await startSiren(driver);
        assert.equal(chip.value(5), 1);
        await gone(siren, () => siren.kill("SIGTERM"));
        assert.equal(chip.value(5), 0);
      },
    },
    {
      name: "an output that is on is safe after a crash",
      async run(chip) {
        const siren = await startSiren(driver);
        assert.equal(chip.value(5), 1);
        await gone(siren, () => siren.send("crash"));
        assert.equal(chip.value(5), 0);
      },
    },
    {
      name: "SIGKILL leaves an output as the kernel leaves it, and what systemd runs then makes it safe",
      async run(chip) {
        const siren = await startSiren(driver);
        await gone(siren, () => siren.kill("SIGKILL"));
        assert.equal(chip.value(5), keeps ? 1 : 0);
        const folder = mkdtempSync(join(tmpdir(), "gengfu-edge-"));
        const config = join(folder, "edge.yaml");
        // it need not be right elsewhere
        writeFileSync(config, `gateway: 1\ngpio: { driver: ${driver}, outputs: [${outputs.join(", ")}] }\n`);
        execFileSync(process.execPath, [join(root, "edge/src/outputs/make-safe.ts"), "--config", config]);
        assert.deepEqual(
          [5, 6, 13].map((offset) => chip.value(offset)),
          keeps ? [0, 1, 1] : [0, 0, 0],
        );
        rmSync(folder, { recursive: true });
      },
    },
  ];
}

/** What becomes of a count, whichever driver hears its pulses. */
export function countCase(driver: RealDriver): GuestCase {
  return {
    name: "a count goes on over restarts, or after a crash begins anew, and falls to nothing but 0",
    async run(chip) {
      const lines = ["{ offset: 22, device: screening-gate, kind: count, debounce: 2ms, repeat: 1s }"];
      await withGateway(driver, lines, async (gateway) => {
        const totals = () => totalsOf(gateway.cloud);
        const another = async (): Promise<number> => {
          const told = totals().length;
          await until("another reading", () => totals().length > told, { within_ms });
          return totals().at(-1) ?? -1;
        };
        const pulse = async (): Promise<void> => {
          const total = (await another()) + 1;
          chip.pull(22, 1);
          await until(`a total of ${total}`, () => totals().at(-1) === total, { within_ms, lastSeen: totals });
          chip.pull(22, 0);
          await another();
        };
        const first = await gateway.start();
        await pulse();
        await pulse();
        assert.equal(await first.end("SIGTERM"), 0);
        const second = await gateway.start();
        await pulse();
        assert.deepEqual([...new Set(totals())], [0, 1, 2, 3]);
        assert.equal(await second.end("SIGKILL"), "SIGKILL");
        const third = await gateway.start();
        await pulse();
        assert.equal(await third.end("SIGTERM"), 0);
        const falls = totals().filter((total, index, all) => total < (all[index - 1] ?? 0));
        assert.ok(falls.length <= 1 && falls.every((total) => total === 0), JSON.stringify(totals()));
      });
    },
  };
}
