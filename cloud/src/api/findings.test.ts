import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bearer, now, testAlert, testApi, type TestApi } from "./fixture.ts";

let api: TestApi;
beforeEach(async () => {
  api = await testApi();
});
afterEach(() => api.app.close());

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Record<string, unknown>;
}

async function call(
  method: "GET" | "POST",
  url: string,
  payload?: object,
  role: "viewer" | "manager" = "manager",
): Promise<Answer> {
  const response = await api.app.inject({
    method,
    url: `/api/v1${url}`,
    headers: bearer(role),
    ...(payload === undefined ? {} : { payload }),
  });
  const type = String(response.headers["content-type"]);
  return { status: response.statusCode, type, body: type.includes("json") ? response.json() : { text: response.body } };
}
const add = (more: object = {}): Promise<Answer> =>
  call("POST", "/findings", { by: "张伟", what: "灭火器失压", checkpoint: "lobby", ...more });
const step = (id: number, body: object): Promise<Answer> =>
  call("POST", `/findings/${id}/steps`, { by: "王强", ...body });
const idsOf = ({ body }: Answer): number[] => (body["findings"] as { id: number }[]).map(({ id }) => id);

describe("a finding", () => {
  test("goes its way, each step with who and when", async () => {
    expect(await add()).toMatchObject({ status: 201, body: { id: 1, state: "open", overdue: null, foundAt: now } });
    await step(1, { what: "start", responsible: "赵敏", measure: "更换" });
    await step(1, { what: "finish", result: "已更换" });
    await step(1, { what: "reject", note: "压力仍不足" });
    await step(1, { what: "finish", result: "又换了一具" });
    expect(await step(1, { what: "verify" })).toMatchObject({
      status: 200,
      body: { state: "verified", responsible: "赵敏", result: "又换了一具", verifiedBy: "王强" },
    });
    const { body } = await call("GET", "/findings/1");
    expect((body["steps"] as { what: string; who: string }[]).map(({ what, who }) => `${what} ${who}`)).toEqual([
      "found 张伟",
      "start 王强",
      "finish 王强",
      "reject 王强",
      "finish 王强",
      "verify 王强",
    ]);
    expect(body).not.toHaveProperty("overdueNoted");
  });

  test("is made from an alert once", async () => {
    api.alerts.alerts.set("a1", testAlert("a1"));
    const made = await call("POST", "/findings", { by: "王强", alert: "a1" });
    expect(made).toMatchObject({ status: 201, body: { alert: "a1", source: "alert", device: "tank" } });
    expect(await call("POST", "/findings", { by: "李娜", alert: "a1" })).toMatchObject({
      status: 200,
      body: { id: 1 },
    });
    expect(await call("POST", "/findings", { by: "李娜", alert: "a1", another: true })).toMatchObject({ status: 201 });
  });

  test("that is late says what of it is", async () => {
    await add();
    api.clock.advance(30 * 3_600_000);
    expect((await call("GET", "/findings/1")).body["overdue"]).toBe("proposal");
    api.clock.advance(30 * 3_600_000);
    expect((await call("GET", "/findings/1")).body["overdue"]).toBe("result");
  });
});

describe("what can't be", () => {
  const mistakes = [
    ["POST", "/findings", { by: "张伟" }, 400, /`what`/],
    ["POST", "/findings", { what: "坏" }, 400, /breaks its schema/],
    ["POST", "/findings", { by: "张伟", alert: "a9" }, 400, /no alert/],
    ["POST", "/findings/1/steps", { by: "王强", what: "verify" }, 409, /takes no verify/],
    ["POST", "/findings/1/steps", { by: "王强", what: "cancel" }, 400, /`note`/],
    ["POST", "/findings/1/steps", { by: "王强", what: "forget" }, 400, /breaks its schema/],
    ["POST", "/findings/9/steps", { by: "王强", what: "start" }, 404, /no finding 9/],
    ["GET", "/findings/9", undefined, 404, /no finding 9/],
    ["GET", "/findings/none", undefined, 400, /breaks its schema/],
    ["GET", "/findings?state=lost", undefined, 400, /breaks its schema/],
    ["GET", "/findings?overdue=perhaps", undefined, 400, /breaks its schema/],
    ["GET", "/findings?from=5&to=4", undefined, 400, /ends before it begins/],
  ] as const;
  test.each(mistakes)("%s %s %j: %d", async (method, url, payload, status, detail) => {
    await add();
    const answer = await call(method, url, payload);
    expect(answer).toMatchObject({ status, type: expect.stringMatching(/^application\/problem\+json/) as string });
    expect(answer.body["detail"]).toMatch(detail);
    expect((await call("GET", "/findings/1")).body["steps"]).toHaveLength(1);
  });

  test("who may only look may look, and no more", async () => {
    await add();
    expect((await call("GET", "/findings", undefined, "viewer")).status).toBe(200);
    expect((await call("GET", "/findings.csv", undefined, "viewer")).status).toBe(200);
    expect((await call("POST", "/findings", { by: "某人", what: "坏" }, "viewer")).status).toBe(403);
    expect((await call("POST", "/findings/1/steps", { by: "某人", what: "start" }, "viewer")).status).toBe(403);
  });
});

test("the list takes states, lateness and a period", async () => {
  for (const hours of [3, 2, 1]) await add({ foundAt: now - hours * 3_600_000, measure: "更换" });
  await step(2, { what: "cancel", note: "重复" });
  expect(idsOf(await call("GET", "/findings"))).toEqual([3, 2, 1]);
  expect(idsOf(await call("GET", "/findings?state=unsettled"))).toEqual([3, 1]);
  expect(idsOf(await call("GET", "/findings?state=cancelled,done"))).toEqual([2]);
  expect(idsOf(await call("GET", `/findings?to=${now - 2 * 3_600_000}`))).toEqual([1]);
  api.clock.advance(45.5 * 3_600_000);
  expect(idsOf(await call("GET", "/findings?overdue=true"))).toEqual([1]);
  expect(idsOf(await call("GET", "/findings?overdue=false&limit=1"))).toEqual([3]);
});

test("the table for spreadsheets takes the same, and comes as a file", async () => {
  await add();
  await add({ what: "通道堵塞", foundAt: now - 1 });
  await step(1, { what: "cancel", note: "误报" });
  const { status, type, body } = await call("GET", "/findings.csv?state=cancelled");
  expect([status, type]).toEqual([200, "text/csv; charset=utf-8"]);
  const text = String(body["text"]);
  expect(text.startsWith("\uFEFF编号 No.")).toBe(true);
  expect(text).toContain("误报");
  expect(text).not.toContain("通道堵塞");
});
