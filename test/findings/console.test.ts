import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFailed, test } from "vitest";
import { openBrowser, type Browser } from "../support/chromium.ts";
import { Demo, showOnFailure } from "../support/demo.ts";
import { publishReading } from "../support/mosquitto.ts";
import { lacks } from "../support/tools.ts";

/** How long the page may take to show what happened: it asks for the ledger each half minute. */
const shown_within_ms = 45_000;

describe.skipIf(lacks("chromium", "mosquitto_pub", "Chinese font"))("the rectification ledger in Chromium", () => {
  const screenshots = mkdtempSync(join(tmpdir(), "gengfu-screenshots-"));
  let demo: Demo;
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    demo = await new Demo().start();
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
  const fill = (testId: string, words: string): Promise<void> => page.getByTestId(testId).fill(words);
  const detail = (state: string) => page.locator(`[data-testid="finding-detail"][data-state="${state}"]`);
  const ofNumber = async (id: number): Promise<Record<string, unknown>> =>
    (await demo.api.call("GET", `/findings/${id}`)).body as Record<string, unknown>;

  test("someone writes a problem into it by hand, with the keyboard alone", async () => {
    await page.getByTestId("findings").getByText("没有未销号的问题。").waitFor();
    await page.keyboard.press("f");
    await page.getByTestId("findings-unsettled").focus();
    for (let tab = 0; tab < 4; tab++) await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByTestId("finding-form").waitFor();
    // the first field has the focus
    await page.keyboard.type("二楼灭火器压力不足");
    await page.keyboard.press("Tab");
    for (let down = 0; down < 2; down++) await page.keyboard.press("ArrowDown");
    await shoot("add");
    // without a name it stays
    await page.getByTestId("finding-measure").press("Enter");
    await page.getByTestId("finding-error").getByText("请填写姓名。").waitFor();
    await page.keyboard.type("张伟");
    await page.keyboard.press("Enter");
    await detail("open").waitFor();
    await shoot("detail");
    expect(await ofNumber(1)).toMatchObject({ what: "二楼灭火器压力不足", checkpoint: "floor-2", foundBy: "张伟" });
    await page.keyboard.press("Escape");
    await page.getByTestId("finding-1").waitFor();
    await page.getByTestId("finding-dialog").waitFor({ state: "hidden" });
  });

  test("it goes its way to the verification, once sent back", async () => {
    const detailOf = page.getByTestId("finding-1").getByRole("button");
    await detailOf.click();
    await page.getByTestId("deed-start").click();
    await fill("finding-responsible", "赵敏");
    await fill("finding-measure", "更换灭火器");
    await fill("finding-due", "2031-01-05T18:30");
    await page.getByTestId("finding-submit").click();
    await detail("in_progress").waitFor();
    await page.getByTestId("deed-finish").click();
    await page.getByTestId("finding-submit").click();
    await page.getByTestId("finding-error").getByText("请填写整改结果。").waitFor();
    await fill("finding-result", "已更换");
    await page.getByTestId("finding-submit").click();
    await detail("done").waitFor();
    // Escape closes the form alone
    await page.getByTestId("deed-reject").click();
    await page.getByTestId("finding-note").press("Escape");
    await page.getByTestId("reject-form").waitFor({ state: "hidden" });
    await page.getByTestId("deed-reject").click();
    await fill("finding-note", "压力表仍在红区");
    await page.getByTestId("finding-submit").click();
    await detail("in_progress").waitFor();
    await page.getByTestId("deed-finish").click();
    await fill("finding-result", "换了另一具");
    await page.getByTestId("finding-submit").click();
    await detail("done").waitFor();
    await page.getByTestId("deed-verify").click();
    await page.getByTestId("finding-submit").click();
    await detail("verified").waitFor();
    await shoot("verified");
    const { steps, dueAt, result } = await ofNumber(1);
    expect([dueAt, result]).toEqual([Date.UTC(2031, 0, 5, 10, 30), "换了另一具"]);
    expect((steps as { what: string }[]).map(({ what }) => what)).toEqual([
      "found",
      "start",
      "finish",
      "reject",
      "finish",
      "verify",
    ]);
    await page.keyboard.press("Escape");
    await page.getByTestId("finding-1").waitFor({ state: "hidden" });
    await page.getByTestId("findings-all").click();
    await page.locator('[data-testid="finding-1"][data-state="verified"]').waitFor();
    await page.getByTestId("findings-unsettled").click();
  });

  test("a guard's two taps bring a defect into it", async () => {
    const { deviceBroker: broker } = demo.endpoints;
    for (const card of ["04A1B2C3D4E581", "04D0000002"]) {
      await publishReading({ broker, device: "reader-boiler-room" }, "tap", { card });
    }
    const row = page.getByTestId("finding-2");
    await row.waitFor();
    const words = await row.textContent();
    for (const part of ["疏散通道堵塞", "锅炉房", "李娜", "王强", "紧急"]) expect(words).toContain(part);
    // among the taps it is told by what it stands for, not as a card that nobody has
    const taps = await page.getByTestId("taps").textContent();
    expect(taps).toContain("疏散通道堵塞");
    expect(taps).not.toContain("未登记的卡");
  });

  test("an alert is taken into it, once", async () => {
    const { deviceBroker: broker } = demo.endpoints;
    await publishReading({ broker, device: "tank-fire" }, "level", { metres: 1.1 });
    const alert = page.locator('article[data-testid^="alert-"]').filter({ hasText: "消防水箱" }).first();
    await alert.getByTestId("acknowledge").click();
    await alert.getByTestId("acknowledge-confirm").click();
    await alert.getByTestId("alert-finding").click();
    await page.getByTestId("finding-form").waitFor();
    await page.getByTestId("finding-submit").click();
    await detail("open").waitFor();
    expect(await ofNumber(3)).toMatchObject({ source: "alert", device: "tank-fire", grade: "serious" });
    await page.keyboard.press("Escape");
    await alert.getByText("整改单 3 号").click();
    await detail("open").waitFor();
    await page.keyboard.press("Escape");
  });

  test("what is late says so, in words, and can be picked out", async () => {
    const foundAt = Date.now() - 10 * 86_400_000;
    const body = { by: "李娜", what: "应急灯不亮", measure: "更换电池", checkpoint: "lobby", foundAt };
    expect((await demo.api.call("POST", "/findings", body)).status).toBe(201);
    const row = page.locator('[data-testid="finding-4"][data-overdue="result"]');
    await row.getByText("整改超期").waitFor();
    await shoot("list");
    await page.getByTestId("findings-overdue").click();
    await page.getByTestId("finding-2").waitFor({ state: "hidden" });
    await row.waitFor();
    await page.getByTestId("findings-unsettled").click();
    await row.getByRole("button").click();
    await page.getByTestId("step-overdue").waitFor();
    await page.keyboard.press("Escape");
    const metrics = await fetch(`${demo.endpoints.api}/metrics`);
    expect(await metrics.text()).toContain("gengfu_cloud_findings_overdue 1");
  });

  test("the table comes as a file that Excel reads", async () => {
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByTestId("findings-table").click()]);
    const text = readFileSync(await download.path(), "utf8");
    expect(download.suggestedFilename()).toBe("findings.csv");
    expect(text.startsWith("\uFEFF编号 No.,")).toBe(true);
    expect(text.split("\r\n").filter((line) => /^\d+,/.test(line))).toHaveLength(4);
  });

  test.each([320, 390])("at a width of %d nothing of it scrolls sideways", async (width) => {
    await page.setViewportSize({ width, height: 844 });
    await page.getByTestId("finding-4").waitFor();
    const scrollWidth = () => page.locator("html").evaluate((element) => element.scrollWidth);
    expect(await scrollWidth()).toBeLessThanOrEqual(width);
    await page.getByTestId("findings").screenshot({ path: join(screenshots, `list-${width}.png`) });
    await page.getByTestId("finding-4").getByRole("button").click();
    await detail("open").waitFor();
    await page.getByTestId("deed-start").click();
    const dialog = page.getByTestId("finding-dialog");
    expect(await dialog.evaluate((element) => element.scrollWidth - element.clientWidth)).toBe(0);
    await page.screenshot({ path: join(screenshots, `detail-${width}.png`) });
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
  });

  test("it speaks English, too, and survives the cloud's death", async () => {
    await page.setViewportSize({ width: 1440, height: 1000 });
    const errorsBefore = browser.errors.length;
    await demo.kill("cloud");
    await page.getByTestId("language").click();
    await page.locator('[data-testid="live"][data-state="live"]').waitFor();
    await page.getByTestId("findings").getByText("3 unsettled, 1 overdue").waitFor();
    await page.getByTestId("finding-4").getByRole("button").click();
    await page.getByTestId("finding-detail").getByText("What happened").waitFor();
    await shoot("english");
    // that the line broke is no fault of the page's
    browser.errors.splice(errorsBefore);
  });

  test("nothing went wrong on the page", () => {
    expect(browser.errors).toEqual([]);
  });
});
