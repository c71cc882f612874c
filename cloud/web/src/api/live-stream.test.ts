import { ManualClock } from "@gengfu/shared/time/clock";
import { describe, expect, it } from "vitest";
import { until } from "../state/fixtures.ts";
import { dead_ms, LiveStream } from "./live-stream.ts";
import type { LiveEvent } from "./types.ts";

const encoder = new TextEncoder();

function watch(answer: (attempt: number) => Promise<Response>) {
  const clock = new ManualClock();
  const log: string[] = [];
  const events: LiveEvent[] = [];
  let attempts = 0;
  const stream = new LiveStream({
    url: "/events",
    clock,
    entropy: () => 1,
    fetch: () => {
      attempts += 1;
      log.push(`attempt ${attempts}`);
      return answer(attempts);
    },
    onOpen: () => log.push("open"),
    onHeard: () => undefined,
    onEvent: (event) => events.push(event),
    onLost: (failure) => log.push(`lost ${failure}`),
  });
  return { clock, log, events, stream };
}

function body(): { response: Response; say: (text: string) => void; end: () => void; cut: () => void } {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const response = new Response(
    new ReadableStream<Uint8Array>({
      start: (made) => {
        controller = made;
      },
    }),
  );
  return {
    response,
    say: (text) => controller?.enqueue(encoder.encode(text)),
    end: () => controller?.close(),
    cut: () => controller?.error(new TypeError("network error")),
  };
}

describe("the live stream", () => {
  it("hands on what it knows, however the bytes are cut, and leaves out what it does not", async () => {
    const { response, say } = body();
    const { stream, events } = watch(async () => response);
    const stop = new AbortController();
    const run = stream.run(stop.signal);
    const text = 'event: alert\ndata: {"id":"a","state":"firing","raisedAt":1,"name":{"zh":"火警","en":"Fire"}}\n\n';
    say("event: weather\ndata: {}\n\nevent: alert\ndata: not json\n\n");
    say(text.slice(0, 60));
    say(text.slice(60));
    await until(() => events.length === 1);
    expect(events[0]).toMatchObject({ type: "alert", alert: { id: "a", name: { zh: "火警" } } });
    stop.abort();
    await run;
  });

  it("opens anew after a loss, waiting longer after each failure in a row", async () => {
    const first = body();
    const { stream, clock, log } = watch(async (attempt) => {
      if (attempt === 1) return first.response;
      if (attempt === 5) return body().response;
      throw new TypeError("fetch failed");
    });
    const stop = new AbortController();
    const run = stream.run(stop.signal);
    await until(() => log.includes("open"));
    first.cut();
    const losses = (): number => log.filter((line) => line.startsWith("lost")).length;
    for (const [wait_ms, index] of [1_000, 2_000, 4_000, 8_000].map((wait, at) => [wait, at] as const)) {
      await until(() => losses() === index + 1);
      const attempts = log.filter((line) => line.startsWith("attempt")).length;
      clock.advance(wait_ms - 1);
      await new Promise((resolve) => setImmediate(resolve));
      expect(log.filter((line) => line.startsWith("attempt"))).toHaveLength(attempts);
      clock.advance(1);
      await until(() => log.filter((line) => line.startsWith("attempt")).length === attempts + 1);
    }
    await until(() => log.at(-1) === "open");
    stop.abort();
    await run;
  });

  it("takes a connection on which nothing comes for dead", async () => {
    const { response, say } = body();
    const { stream, clock, log } = watch(async () => response);
    const stop = new AbortController();
    const run = stream.run(stop.signal);
    await until(() => log.includes("open"));
    clock.advance(dead_ms - 1);
    say(": still here\n\n");
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(dead_ms - 1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(log).toEqual(["attempt 1", "open"]);
    clock.advance(1);
    await until(() => log.includes("lost timeout"));
    stop.abort();
    await run;
  });

  it("stops, and says so, when the session is no longer taken", async () => {
    const { stream, log } = watch(async () => new Response("", { status: 401 }));
    await stream.run(new AbortController().signal);
    expect(log).toEqual(["attempt 1", "lost unauthorised"]);
  });

  it("hurries when the network is back", async () => {
    const { stream, log } = watch(async () => {
      throw new TypeError("fetch failed");
    });
    const stop = new AbortController();
    const run = stream.run(stop.signal);
    await until(() => log.includes("lost unreachable"));
    stream.hurry();
    await until(() => log.includes("attempt 2"));
    stop.abort();
    await run;
  });
});
