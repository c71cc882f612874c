import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { systemClock } from "@gengfu/shared/time/clock";
import { afterEach, describe, expect, test } from "vitest";
import { lacks, need } from "../../../test/support/tools.ts";
import { MosquittoBroker } from "../testing/mosquitto-broker.ts";
import { TestBroker } from "../test-broker.ts";
import { examine } from "./examine.ts";
import { listen } from "./listen.ts";
import { Observations } from "./observation.ts";

const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

/** Listens while `act` goes on, and answers what each device's rules say, but for those that hold or saw nothing. */
async function heardBy(broker: string, device: string | undefined, act: () => Promise<void>) {
  const observations = new Observations();
  const listening = Promise.withResolvers<void>();
  const stop = new AbortController();
  const ended = listen(
    // time is up as soon as all is said
    {
      broker,
      device,
      seconds: 3_600,
      clock: { ...systemClock, after: (ms, then) => (ms > 60_000 ? timeIsUp(then) : systemClock.after(ms, then)) },
      observations,
      print: () => listening.resolve(),
    },
    stop.signal,
  );
  let finish: (() => void) | undefined;
  let isOver = false;
  function timeIsUp(then: () => void): () => void {
    finish = then;
    if (isOver) then();
    return () => undefined;
  }
  await Promise.race([listening.promise, ended]);
  await act();
  isOver = true;
  finish?.();
  await ended;
  return Object.fromEntries(
    [...observations.devices].map(([name, seen]) => [
      String(name),
      examine("listen", name, seen)
        .rules.filter(({ problems }) => problems.length > 0)
        .map(({ rule, verdict }) => `${rule} ${verdict}`),
    ]),
  );
}

describe.skipIf(lacks("mosquitto", "mosquitto_pub"))("listening at mosquitto", () => {
  async function mosquitto(): Promise<{ url: string; send: (...args: string[]) => Promise<void> }> {
    const broker = new MosquittoBroker(need("mosquitto"));
    ends.push(() => broker.stop());
    const port = await broker.start();
    const send = async (...args: string[]): Promise<void> => {
      await promisify(execFile)(need("mosquitto_pub"), ["-h", "127.0.0.1", "-p", String(port), ...args]);
    };
    return { url: `mqtt://127.0.0.1:${port}`, send };
  }

  test("tells devices apart, and sees QoS, retained readings, foreign topics, units", async () => {
    const { url, send } = await mosquitto();
    await send("-q", "1", "-r", "-t", "gengfu/v1/old-1/level", "-m", '{"metres":1,"boot":1,"seq":1}');
    const found = await heardBy(url, undefined, async () => {
      await send("-q", "1", "-r", "-t", "gengfu/v1/good-1/state", "-m", "online");
      await send("-q", "1", "-t", "gengfu/v1/good-1/level", "-m", '{"metres":1.5,"boot":1,"seq":1}');
      await send("-q", "0", "-t", "gengfu/v1/bad-1/level", "-m", '{"metres":150,"boot":1,"seq":1}');
      await send("-q", "1", "-r", "-t", "gengfu/v1/bad-2/level", "-m", '{"metres":1.5,"boot":1,"seq":1}');
      await send("-q", "1", "-t", "gengfu/v1/bad-2/state", "-m", "online");
      await send("-q", "1", "-t", "gengfu/level", "-m", "{}");
    });
    expect(found).toEqual({
      "old-1": ["retain broken"],
      "good-1": [],
      "bad-1": ["payload broken", "qos broken", "units advice"],
      "bad-2": ["retain broken"],
      null: ["topic broken"],
    });
  });

  test("listens to one device where it is told to", async () => {
    const { url, send } = await mosquitto();
    const found = await heardBy(url, "good-1", async () => {
      await send("-q", "1", "-t", "gengfu/v1/other/level", "-m", "{}");
      await send("-q", "1", "-t", "gengfu/v1/good-1/level", "-m", '{"metres":1.5,"boot":1,"seq":1}');
    });
    expect(found).toEqual({ "good-1": [] });
  });
});

test("says what to do where no one answers, or nobody may listen", async () => {
  const broker = new TestBroker();
  ends.push(() => broker.stop());
  const port = await broker.start();
  const options = {
    broker: `mqtt://127.0.0.1:${port}`,
    password: "wrong",
    seconds: 0,
    clock: systemClock,
    observations: new Observations(),
    print: () => undefined,
  };
  await expect(listen(options, new AbortController().signal)).rejects.toThrow("Check --broker, --user and --password");
  await broker.stop();
  await expect(listen(options, new AbortController().signal)).rejects.toThrow("check --serve 1883");
});
