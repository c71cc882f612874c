import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFailed, test } from "vitest";
import { openBrowser, type Browser } from "../support/chromium.ts";
import { Demo, showOnFailure } from "../support/demo.ts";
import { publishReading } from "../support/mosquitto.ts";
import { lacks } from "../support/tools.ts";
import { until } from "../support/until.ts";

/** How long the page may take to show what happened, on a machine that does much else meanwhile. */
const shown_within_ms = 20_000;

describe.skipIf(lacks("chromium", "mosquitto_pub", "Chinese font"))("the console in Chromium", () => {
  const screenshots = mkdtempSync(join(tmpdir(), "gengfu-screenshots-"));
  let demo: Demo;
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    demo = await new Demo({ simulator: true }).start();
    browser = await openBrowser({ width: 1440, height: 1000, locale: "zh-CN" });
    page = browser.page;
    page.setDefaultTimeout(shown_within_ms);
    await page.goto(demo.endpoints.console);
  });
  beforeEach(() => {
    showOnFailure(demo);
    onTestFailed(() => console.error(`screenshots: ${screenshots}`));
  });
  afterAll(async () => {
    await browser?.close();
    await demo?.remove();
    if (process.env["GENGFU_KEEP_SCREENSHOTS"] === undefined) rmSync(screenshots, { recursive: true, force: true });
  });

  const shoot = (name: string): Promise<unknown> =>
    page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });

  /** Waits until an element's text is as wanted, and gives it. */
  async function textOf(locator: Locator, pattern: RegExp): Promise<string> {
    let text: string | null = null;
    return until(
      `${String(pattern)} on the page`,
      async () => {
        text = await locator.textContent();
        return text !== null && pattern.test(text) && text;
      },
      { within_ms: shown_within_ms, lastSeen: () => text },
    );
  }

  test("it is signed in on this machine, is live and speaks Chinese to a Chinese browser", async () => {
    await page.locator('[data-testid="live"][data-state="live"]').waitFor();
    expect(await page.locator("html").getAttribute("lang")).toMatch(/^zh/);
    await textOf(page.locator("h1"), /伊通县人民法院/);
    await shoot("live");
  });

  test("tanks and boilers show what the devices measure", async () => {
    for (const tank of ["tank-fire", "tank-domestic"]) {
      await textOf(page.getByTestId(tank === "tank-fire" ? "tank-tank-fire" : "tank-tank-domestic"), /\d\.\d+\s*m/);
    }
    await textOf(page.getByTestId("tank-tank-fire"), /约 [\d,]+ 升/);
    await textOf(page.getByTestId("boiler-boiler-1"), /\d+(\.\d+)?\s*(°C|℃)/);
  });

  test("a tap appears with place and guard, without a reload", async () => {
    const { deviceBroker: broker } = demo.endpoints;
    await publishReading({ broker, device: "reader-boiler-room" }, "tap", { card: "04A1B2C3D4E581" });
    await textOf(page.locator("main"), /锅炉房[\s\S]*李娜/);
  });

  test("a fire test shows an alert, which the button acknowledges", async () => {
    const { deviceBroker: broker } = demo.endpoints;
    await publishReading({ broker, device: "fire-panel" }, "contact", { channel: "fire", closed: true });
    const alert = page.locator('article[data-testid^="alert-"][data-severity="critical"]').first();
    await alert.waitFor();
    expect(await alert.getAttribute("data-state")).toBe("firing");
    await textOf(alert, /火警/);
    await textOf(alert, /119/);
    await shoot("firing");

    await alert.getByTestId("acknowledge").click();
    await alert.getByTestId("acknowledge-by").fill("王强");
    await alert.getByTestId("acknowledge-confirm").click();
    await textOf(alert, /王强/);
    await shoot("acknowledged");
    const [known] = await demo.api.alerts();
    expect(known).toMatchObject({ rule: "fire", acknowledgedBy: "王强" });
  });

  test("without channels it says what would have been sent", async () => {
    await textOf(page.locator("main"), /企业微信[\s\S]*短信/);
  });

  test("the language switch turns all of it to English, and back after a reload", async () => {
    await page.getByTestId("language").click();
    await textOf(page.locator("h1"), /Yitong County Court/);
    await textOf(page.locator("main"), /Fire water tank/);
    // what is folded away, such as messages as they were sent, keeps its language, and so does what someone typed
    const english = await page.locator("main").innerText();
    expect(english.replaceAll("王强", "")).not.toMatch(/\p{Script=Han}/u);
    await shoot("english");
    await page.reload();
    await textOf(page.locator("h1"), /Yitong County Court/);
    await page.getByTestId("language").click();
    await textOf(page.locator("h1"), /伊通县人民法院/);
  });

  test.each([320, 375, 768])("at a width of %d it doesn't scroll sideways", async (width) => {
    await page.setViewportSize({ width, height: 800 });
    await page.getByTestId("tank-tank-fire").waitFor();
    await shoot(`width-${width}`);
    const content = await page.locator("html").evaluate(({ scrollWidth }) => scrollWidth);
    expect(content).toBeLessThanOrEqual(width);
  });

  test("it comes back by itself after the cloud was killed", async () => {
    await page.setViewportSize({ width: 1440, height: 1000 });
    const errorsBefore = browser.errors.length;
    await demo.kill("cloud");
    await until("the cloud to answer", async () => (await demo.api.call("GET", "/health")).status === 200);
    await page.locator('[data-testid="live"][data-state="live"]').waitFor();
    await textOf(page.getByTestId("tank-tank-fire"), /\d\.\d+\s*m/);
    // that the stream broke is no fault of the page's
    browser.errors.splice(errorsBefore);
  });

  test("nothing went wrong on the page", () => {
    expect(browser.errors).toEqual([]);
  });
});
