import { describe, expect, it } from "vitest";
import { ApiError, createHttp, type Failure } from "./http.ts";

const answering = (response: Response) => createHttp({ fetch: async () => response, base: "/api/v1" });
const failed = async (call: Promise<unknown>): Promise<ApiError> => {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiError)) throw new Error(`not an ApiError: ${String(error)}`);
  return error;
};

describe("a call to the service", () => {
  it("sends what it is given and gives the answer back", async () => {
    const sent: [string, RequestInit][] = [];
    const times: number[] = [];
    const http = createHttp({
      base: "/api/v1",
      fetch: async (url, init) => {
        sent.push([url, init]);
        return new Response('{"a":1}', { headers: { date: "Fri, 20 Nov 2026 17:30:00 GMT" } });
      },
      onServerTime: (at) => times.push(at),
    });
    expect(await http.call("/x", { method: "POST", body: { by: "张伟" }, query: { a: 1, b: null } })).toEqual({ a: 1 });
    expect(sent[0]?.[0]).toBe("/api/v1/x?a=1");
    expect(sent[0]?.[1]).toMatchObject({ method: "POST", body: '{"by":"张伟"}', credentials: "same-origin" });
    expect(times).toEqual([Date.UTC(2026, 10, 20, 17, 30)]);
  });

  it.each([
    [400, "invalid"],
    [401, "unauthorised"],
    [403, "forbidden"],
    [404, "not_found"],
    [409, "conflict"],
    [413, "invalid"],
    [429, "too_many"],
    [500, "server"],
    [503, "server"],
  ] satisfies [number, Failure][])("tells a %d as %s, with what the service said", async (status, failure) => {
    const problem = JSON.stringify({ title: "Conflict", status, detail: "it is closed already" });
    const error = await failed(answering(new Response(problem, { status })).call("/x"));
    expect(error).toMatchObject({ failure, detail: "it is closed already" });
  });

  it("is not led astray by a proxy's page", async () => {
    expect(await failed(answering(new Response("<html>", { status: 502 })).call("/x"))).toMatchObject({
      failure: "server",
      detail: null,
    });
    expect(await failed(answering(new Response("<html>")).call("/x"))).toMatchObject({ failure: "server" });
  });

  it("tells a service that can't be reached from one that takes too long", async () => {
    const refused = createHttp({ base: "", fetch: () => Promise.reject(new TypeError("fetch failed")) });
    expect((await failed(refused.call("/x"))).failure).toBe("unreachable");
    const slow = createHttp({
      base: "",
      fetch: (_url, { signal }) =>
        new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(new TypeError("aborted")))),
    });
    expect((await failed(slow.call("/x", { timeout_ms: 5 }))).failure).toBe("timeout");
  });

  it("is no failure of the service's where its caller gave up", async () => {
    const caller = new AbortController();
    const http = createHttp({
      base: "",
      fetch: (_url, { signal }) =>
        new Promise((_resolve, reject) =>
          signal?.addEventListener("abort", () => reject(new DOMException("", "AbortError"))),
        ),
    });
    const call = http.call("/x", { signal: caller.signal });
    caller.abort();
    await expect(call).rejects.toBeInstanceOf(DOMException);
  });
});
