import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { testApi, type TestApi } from "./fixture.ts";

let root: string;
let api: TestApi;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "gengfu-console-"));
  mkdirSync(join(root, "assets"));
  writeFileSync(join(root, "index.html"), "<!doctype html><title>console</title>");
  writeFileSync(join(root, "assets", "main-a1b2c3.js"), "1");
  writeFileSync(join(root, "favicon.svg"), "<svg/>");
  api = await testApi({ root });
});
afterEach(async () => {
  await api.app.close();
  rmSync(root, { recursive: true, force: true });
});

describe("the console's files", () => {
  test.each([
    ["/", "text/html", "no-cache"],
    ["/index.html", "text/html", "no-cache"],
    ["/rounds/2026-01-05", "text/html", "no-cache"],
    ["/assets/main-a1b2c3.js", "application/javascript", "public, max-age=31536000, immutable"],
    ["/favicon.svg", "image/svg+xml", "no-cache"],
  ])("%s", async (url, type, cache) => {
    const response = await api.app.inject({ url });
    expect(response.statusCode).toBe(200);
    expect(response.headers["content-type"]).toContain(type);
    expect(response.headers["cache-control"]).toBe(cache);
    expect(response.headers["content-security-policy"]).toMatch(/script-src 'self';.*frame-ancestors 'none'/);
    expect(response.headers["x-content-type-options"]).toBe("nosniff");
    expect(response.headers["referrer-policy"]).toBe("same-origin");
  });

  test.each(["/assets/old-d4e5f6.js", "/api/v2/readings", "/..%2f..%2fetc/passwd.txt"])(
    "%s is not there",
    async (url) => {
      const response = await api.app.inject({ url });
      expect([403, 404]).toContain(response.statusCode);
      expect(response.headers["content-type"]).toContain("application/problem+json");
    },
  );
});

test("where the console has not been built, a page says how, in both languages", async () => {
  const bare = await testApi();
  const response = await bare.app.inject({ url: "/" });
  expect(response.statusCode).toBe(503);
  expect(response.body).toContain("npm run build:web");
  expect(response.body).toContain("控制台尚未构建");
  await bare.app.close();
});
