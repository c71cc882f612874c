import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ManualClock } from "@gengfu/shared/time/clock";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  startVendorServer,
  type VendorAnswer,
  type VendorRequest,
  type VendorServer,
} from "../../../../test/support/vendor-server.ts";
import type { Delivery } from "../channel.ts";
import { fireMessage } from "../fixture.ts";
import { readSample } from "../readme-sample.ts";
import { webhookSettings } from "./settings.ts";
import { createWebhook } from "./webhook.ts";

const never = new AbortController().signal;
const secret = "a secret of some length";

describe("the webhook", () => {
  const clock = new ManualClock();
  let receiver: VendorServer;
  let requests: VendorRequest[];
  let answer: VendorAnswer;
  beforeEach(async () => {
    requests = [];
    answer = { status: 204 };
    receiver = await startVendorServer((request) => (requests.push(request), answer));
  });
  afterEach(() => receiver.stop());

  const send = async (): Promise<Delivery | undefined> =>
    createWebhook({ url: `${receiver.url}/alerts`, secret }, clock).notifier?.send(fireMessage(), never);

  it("posts what the README shows, signed over the timestamp and the body", async () => {
    expect(await send()).toEqual({ ok: true });
    const [{ headers, body, path } = { headers: {}, body: "", path: "" }] = requests;
    const readme = readFileSync(join(import.meta.dirname, "README.md"), "utf8");
    expect(JSON.parse(body)).toEqual(JSON.parse(/```json\n([^]*?)```/.exec(readme)?.[1] ?? ""));
    expect(path).toBe("/alerts");
    const signature = createHmac("sha256", secret)
      .update(`${clock.now() / 1_000}.${body}`)
      .digest("hex");
    expect(headers).toMatchObject({
      "x-gengfu-timestamp": String(clock.now() / 1_000),
      "x-gengfu-signature": `sha256=${signature}`,
      "x-gengfu-delivery": "0123456789abcdef/firing/critical",
    });
  });

  it.each<[string, VendorAnswer, object]>([
    ["503 for worth another try", { status: 503 }, { retryable: true, code: "http_503" }],
    [
      "429 with seconds for a wait",
      { status: 429, headers: { "retry-after": "90" } },
      { retryable: true, code: "http_429", retry_after_ms: 90_000 },
    ],
    [
      "503 with a date for a wait",
      { status: 503, headers: { "retry-after": new Date(clock.now() + 60_000).toUTCString() } },
      { retry_after_ms: 60_000 },
    ],
    [
      "a wait beyond an hour for an hour",
      { status: 503, headers: { "retry-after": "99999" } },
      { retry_after_ms: 3_600_000 },
    ],
    ["410 for final", { status: 410, body: "gone" }, { retryable: false, code: "http_410", detail: "gone" }],
  ])("takes %s", async (_, said, delivery) => {
    answer = said;
    expect(await send()).toMatchObject({ ok: false, ...delivery });
  });

  it("follows no redirect, which might lead a message elsewhere", async () => {
    answer = { status: 302, headers: { location: "/elsewhere" } };
    expect(await send()).toMatchObject({ ok: false });
    expect(requests.map(({ path }) => path)).toEqual(["/alerts"]);
  });

  it("has a README whose sample is a configuration", () => {
    const env = { WEBHOOK_URL: "https://desk.example.com/alerts", WEBHOOK_SECRET: secret };
    expect(readSample(import.meta.dirname, "webhook", webhookSettings, env)).toEqual({ url: env.WEBHOOK_URL, secret });
  });
});
