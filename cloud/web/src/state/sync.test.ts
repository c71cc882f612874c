import { ManualClock } from "@gengfu/shared/time/clock";
import { describe, expect, it } from "vitest";
import type { Api } from "../api/endpoints.ts";
import { ApiError } from "../api/http.ts";
import { LiveStream } from "../api/live-stream.ts";
import { readingOf } from "../api/shapes.ts";
import { aGateway, aReading, aSite, anAlert, until } from "./fixtures.ts";
import { createStore, type Store } from "./store.ts";
import { Sync } from "./sync.ts";

const encoder = new TextEncoder();
const now = Date.UTC(2026, 10, 20, 17, 30);

/** A service of which the test holds both ends of the live stream, and decides when the site is told. */
class Service {
  readonly clock = new ManualClock(now);
  readonly store: Store = createStore({ language: "zh", sound: false, operator: "" }, now);
  readonly sync: Sync;
  readonly calls: string[] = [];
  failWith: ApiError | undefined;
  status = 200;
  #streams: ReadableStreamDefaultController<Uint8Array>[] = [];
  #siteHeld: (() => void)[] | undefined;

  constructor() {
    const answer = async <T>(name: string, value: T): Promise<T> => {
      this.calls.push(name);
      if (this.failWith !== undefined) throw this.failWith;
      return value;
    };
    const unused = (): never => {
      throw new Error("not of this test");
    };
    const api: Api = {
      session: unused,
      signIn: unused,
      signOut: unused,
      site: async () => {
        if (this.#siteHeld !== undefined) await new Promise<void>((resolve) => this.#siteHeld?.push(resolve));
        return answer("site", aSite);
      },
      devices: () => answer("devices", []),
      gateways: () => answer("gateways", [aGateway()]),
      openAlerts: () => answer("open", []),
      alertsSince: () => answer("since", []),
      readings: () => answer("readings", []),
      series: () => answer("series", []),
      rounds: () => answer("rounds", []),
      quarantine: () => answer("quarantine", []),
      unclaimed: () => answer("unclaimed", []),
      notifications: () => answer("notifications", []),
      acknowledge: unused,
      close: unused,
    };
    this.sync = new Sync({
      api,
      store: this.store,
      clock: this.clock,
      now: () => this.clock.now(),
      openStream: (callbacks) =>
        new LiveStream({
          url: "/events",
          clock: this.clock,
          entropy: () => 1,
          fetch: async () => {
            if (this.status !== 200) return new Response("", { status: this.status });
            return new Response(new ReadableStream({ start: (controller) => void this.#streams.push(controller) }));
          },
          ...callbacks,
        }),
      schedule: (callback) => queueMicrotask(callback),
    });
  }

  holdSite(): void {
    this.#siteHeld = [];
  }

  releaseSite(): void {
    const held = this.#siteHeld ?? [];
    this.#siteHeld = undefined;
    for (const release of held) release();
  }

  say(name: string, data: unknown): void {
    this.#streams.at(-1)?.enqueue(encoder.encode(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`));
  }

  hangUp(): void {
    this.#streams.at(-1)?.close();
  }

  count(name: string): number {
    return this.calls.filter((call) => call === name).length;
  }
}

describe("keeping in step with the service", () => {
  it("loses nothing that happens between the opening of the stream and the answers", async () => {
    const service = new Service();
    const stop = new AbortController();
    service.holdSite();
    const run = service.sync.run(stop.signal);
    await until(() => service.store.connection.peek().kind === "live");
    service.say("alert", anAlert({ id: "meanwhile" }));
    service.say("reading", aReading({ value: 2.5 }));
    service.releaseSite();
    await until(() => service.store.world.alerts.peek().has("meanwhile"));
    expect(service.store.world.site.peek()?.id).toBe("court");
    expect(service.store.world.latest.peek().get("tank-fire/level/-")).toEqual(readingOf(aReading({ value: 2.5 })));
    stop.abort();
    await run;
  });

  it("says since when the stream is lost, and fetches everything anew when it is back", async () => {
    const service = new Service();
    const stop = new AbortController();
    const run = service.sync.run(stop.signal);
    await until(() => service.count("site") === 1 && service.store.world.site.peek() !== null);
    service.hangUp();
    await until(() => service.store.connection.peek().kind === "reconnecting");
    expect(service.store.connection.peek().since).toBe(now);
    service.clock.advance(1_000);
    await until(() => service.count("site") === 2);
    expect(service.store.connection.peek().kind).toBe("live");
    stop.abort();
    await run;
  });

  it("tries again where an answer failed, and tells why meanwhile", async () => {
    const service = new Service();
    const stop = new AbortController();
    service.failWith = new ApiError("server", null);
    const run = service.sync.run(stop.signal);
    await until(() => service.store.failure.peek() === "server");
    service.failWith = undefined;
    service.clock.advance(3_000);
    await until(() => service.store.world.site.peek() !== null);
    expect(service.store.failure.peek()).toBeNull();
    stop.abort();
    await run;
  });

  it("ends, and asks for the token, when the service no longer takes the session", async () => {
    const service = new Service();
    service.status = 401;
    await service.sync.run(new AbortController().signal);
    expect(service.store.session.peek()).toEqual({ kind: "anonymous", ended: true });
  });

  it("fetches anew at the site's midnight", async () => {
    const service = new Service();
    const stop = new AbortController();
    const run = service.sync.run(stop.signal);
    await until(() => service.store.world.site.peek() !== null);
    service.clock.jump(Date.UTC(2026, 10, 21, 15, 59, 50));
    service.say("gateway", aGateway());
    service.clock.advance(15_000);
    await until(() => service.count("site") === 2);
    stop.abort();
    await run;
  });

  it("asks who was told of an alert once it hears of it", async () => {
    const service = new Service();
    const stop = new AbortController();
    const run = service.sync.run(stop.signal);
    await until(() => service.store.world.site.peek() !== null);
    service.say("alert", anAlert());
    await until(() => service.store.world.alerts.peek().size === 1);
    service.clock.advance(2_000);
    await until(() => service.store.notifications.peek().has("a1"));
    service.say("alert", anAlert({ state: "closed", closedAt: 1 }));
    await until(() => service.store.world.alerts.peek().get("a1")?.state === "closed");
    service.clock.advance(2_000);
    await until(() => !service.store.notifications.peek().has("a1"));
    stop.abort();
    await run;
  });
});
