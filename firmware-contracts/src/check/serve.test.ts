import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { silentLogger } from "@gengfu/shared/logging";
import { systemClock } from "@gengfu/shared/time/clock";
import { afterEach, describe, expect, test, vi } from "vitest";
import { publish, sendLines } from "../../../test/support/mosquitto.ts";
import { lacks, need } from "../../../test/support/tools.ts";
import { deviceTopic } from "../contract/topics.ts";
import { Line } from "../mqtt/line.ts";
import { DeviceConnection } from "../simulator/device-connection.ts";
import { examine, type DeviceReport } from "./examine.ts";
import { Observations } from "./observation.ts";
import { CheckBroker, type CheckBrokerOptions } from "./serve.ts";
import { ofType } from "./view.ts";

const ends: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

interface Checked {
  readonly url: string;
  readonly observations: Observations;
  readonly done: Promise<string>;
  readonly report: (device: string) => DeviceReport;
}

async function checkBroker(options: Partial<CheckBrokerOptions> = {}): Promise<Checked> {
  const observations = new Observations();
  const done = Promise.withResolvers<string>();
  const broker = new CheckBroker({
    host: "127.0.0.1",
    port: 0,
    clock: systemClock,
    observations,
    print: () => undefined,
    onDone: done.resolve,
    withhold_ms: 50,
    ...options,
  });
  ends.push(() => broker.stop());
  const url = `mqtt://127.0.0.1:${await broker.start()}`;
  const report = (device: string): DeviceReport => examine("serve", device, observations.devices.get(device) ?? []);
  return { url, observations, done: done.promise, report };
}

function verdicts({ rules }: DeviceReport, not: string): string[] {
  return rules.filter(({ verdict }) => verdict !== not).map(({ rule, verdict }) => `${rule} ${verdict}`);
}

/** Publishes readings of a device one after the other, until its trial is over. */
async function publishUntil(done: Promise<string>, offer: () => void): Promise<void> {
  let over = false;
  void done.then(() => (over = true));
  await vi.waitFor(
    () => {
      if (!over) offer();
      expect(over).toBe(true);
    },
    { timeout: 20_000, interval: 30 },
  );
}

describe("the checker's own broker", () => {
  test("finds nothing to say of a device of the simulator", async () => {
    const { url, done, report, observations } = await checkBroker();
    const connection = new DeviceConnection({
      broker: url,
      device: "tank-1",
      secret: "demo",
      boot: 7,
      clock: systemClock,
      logger: silentLogger,
      onTrouble: () => undefined,
      reconnect_ms: 300,
    });
    ends.push(() => connection.stop());
    connection.start();
    let total = 0;
    await publishUntil(done, () => {
      if (connection.stats.waiting < 3)
        connection.offer({ device: "tank-1", kind: "count", fields: { total: total++ } });
    });
    const seen = observations.devices.get("tank-1") ?? [];
    expect(ofType(seen, "withheld").length).toBe(1);
    expect(ofType(seen, "tried").length).toBe(2);
    expect(ofType(seen, "answered").length).toBe(1);
    // it gives no time and no unit to look at
    const strange = verdicts(report("tank-1"), "holds").filter(
      (rule) => !["units not_seen", "pace advice"].includes(rule),
    );
    expect(strange.filter((rule) => rule !== "time not_seen")).toEqual([]);
  });

  /** A device with one or another bad habit, on connections that it makes anew at once. */
  function badDevice(url: string, habits: { readonly forgets?: boolean; readonly hammers?: boolean }): () => void {
    let line: Line | undefined;
    let ready = false;
    let seq = 0;
    let kept: Buffer | undefined;
    let stopped = false;
    const send = (payload: Buffer): void => {
      kept = payload;
      line?.publish({ topic: deviceTopic("bad-1", "level"), payload, qos: 1, retain: false, dup: false, id: 1 });
    };
    const start = (): void => {
      if (stopped) return;
      const options = {
        broker: new URL(url),
        clientId: `bad-${seq}`,
        user: "bad-1",
        password: "x",
        keepAlive_s: 600,
        will: { topic: "bad", payload: Buffer.from("offline"), qos: 0, retain: false },
        clock: systemClock,
      };
      line = new Line(options, {
        onReady: () => {
          ready = true;
          if (kept !== undefined && habits.forgets !== true) send(kept);
        },
        onAcknowledged: () => (kept = undefined),
        onMessage: () => undefined,
        onClosed: () => {
          ready = false;
          if (habits.hammers === true) start();
          else if (!stopped) ends.push(systemClock.after(400, start));
        },
      });
      line.start();
    };
    start();
    ends.push(() => {
      stopped = true;
      line?.drop("the test is over");
    });
    return () => {
      if (ready && (kept === undefined || habits.forgets === true)) {
        send(Buffer.from(JSON.stringify({ metres: 1, boot: 1, seq: ++seq })));
      }
    };
  }

  test("names what a device does badly that forgets and hammers", async () => {
    const { url, done, report } = await checkBroker();
    await publishUntil(done, badDevice(url, { forgets: true, hammers: true }));
    const broken = verdicts(report("bad-1"), "holds").filter((rule) => rule.endsWith("broken"));
    expect(broken).toEqual(
      expect.arrayContaining(["last_will broken", "online broken", "reconnect broken", "repeat broken"]),
    );
    expect(verdicts(report("bad-1"), "holds")).toEqual(
      expect.arrayContaining(["client_id advice", "keep_alive advice", "answers advice"]),
    );
  });

  test("lets pass that another repeats, and asks it to wait longer each time", async () => {
    const { url, done, report } = await checkBroker();
    await publishUntil(done, badDevice(url, {}));
    const found = verdicts(report("bad-1"), "holds");
    expect(found).toContain("reconnect advice");
    expect(found.filter((rule) => rule.startsWith("repeat"))).toEqual([]);
  });

  test("notices who falls silent, and speaks no MQTT 5", async () => {
    const { url, observations } = await checkBroker();
    const { hostname, port } = new URL(url);
    const line = new Line(
      {
        broker: new URL(url),
        clientId: "mute-1",
        user: "mute-1",
        password: "x",
        // the line pings after half of it, the broker waits for one and a half
        keepAlive_s: 1,
        will: { topic: "x", payload: Buffer.from(""), qos: 0, retain: false },
        clock: { ...systemClock, after: () => () => undefined },
      },
      {
        onReady: () => undefined,
        onAcknowledged: () => undefined,
        onMessage: () => undefined,
        onClosed: () => undefined,
      },
    );
    line.start();
    ends.push(() => line.drop("the test is over"));
    await vi.waitFor(() => {
      expect(ofType(observations.devices.get("mute-1") ?? [], "silent").length).toBe(1);
    }, 10_000);
    if (lacks("mosquitto_pub")) return;
    const five = ["-h", hostname, "-p", port, "-V", "mqttv5", "-i", "five", "-t", "a", "-m", "b"];
    await expect(promisify(execFile)(need("mosquitto_pub"), five, { timeout: 10_000 })).rejects.toThrow();
    const rules = examine("serve", "five", observations.devices.get("five") ?? []).rules;
    expect(rules.find(({ rule }) => rule === "protocol")?.verdict ?? "").toBe("broken");
  });

  test("refuses another password, and survives what is no MQTT", async () => {
    const { url, report } = await checkBroker({ password: "right" });
    const response = await fetch(url.replace("mqtt", "http")).then(
      () => "answered",
      () => "hung up",
    );
    expect(response).toBe("hung up");
    const refused = Promise.withResolvers<string>();
    const line = new Line(
      {
        broker: new URL(url),
        clientId: "a",
        user: "tank-1",
        password: "wrong",
        keepAlive_s: 30,
        will: { topic: "x", payload: Buffer.from(""), qos: 0, retain: false },
        clock: systemClock,
      },
      {
        onReady: () => refused.resolve("let in"),
        onAcknowledged: () => undefined,
        onMessage: () => undefined,
        onClosed: refused.resolve,
      },
    );
    line.start();
    expect(await refused.promise).toContain("user name or password");
    expect(report("tank-1").readings).toBe(0);
  });
});

describe.skipIf(lacks("mosquitto_pub"))("the real mosquitto_pub", () => {
  test("repeats what was not acknowledged, and has no last will", async () => {
    const { url, done, report } = await checkBroker({ turnAway: 0 });
    const sender = sendLines({ broker: url, device: "tank-1" }, "gengfu/v1/tank-1/level", ["-i", "tank-1"]);
    ends.push(() => sender.kill());
    let seq = 0;
    await publishUntil(done, () => {
      if (seq < 12) sender.write([JSON.stringify({ metres: 1.5, boot: 1, seq: ++seq })]);
    });
    const found = verdicts(report("tank-1"), "holds");
    expect(found).toEqual(expect.arrayContaining(["last_will broken", "online broken", "answers advice"]));
    for (const rule of ["repeat", "qos", "payload", "topic", "retain"]) {
      expect(found.filter((name) => name.startsWith(rule))).toEqual([]);
    }
  }, 60_000);

  test("is told of QoS 0, a retained reading, a foreign topic and tenths of degrees", async () => {
    const { url, report } = await checkBroker();
    const { hostname, port } = new URL(url);
    const args = ["-h", hostname, "-p", port, "-V", "mqttv311", "-u", "dev-9", "-P", "x", "-q", "0", "-r"];
    const message = ["-t", "gengfu/v1/dev-9/level", "-m", '{"metres":1.5,"boot":1,"seq":1}'];
    await promisify(execFile)(need("mosquitto_pub"), [...args, ...message]);
    await publish({ broker: url, device: "dev-9" }, "home/level", "5");
    await publish({ broker: url, device: "dev-9" }, "gengfu/v1/dev-9/temperature", '{"celsius":250,"boot":1,"seq":2}');
    await publish({ broker: url, device: "dev-9" }, "gengfu/v1/dev-9/level", '{"metres":"high"}');
    const found = verdicts(report("dev-9"), "holds");
    expect(found).toEqual(
      expect.arrayContaining(["topic broken", "payload broken", "units advice", "qos broken", "retain broken"]),
    );
  });
});
