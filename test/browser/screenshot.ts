/**
 * Makes the README's picture, docs/images/console.png: the console of a running demo while a fire alarm is on.
 *
 *     node test/browser/screenshot.ts [FILE]
 */
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { openBrowser } from "../support/chromium.ts";
import { Demo, root } from "../support/demo.ts";
import { publishReading } from "../support/mosquitto.ts";

const file = process.argv[2] ?? join(root, "docs", "images", "console.png");
/** How long the simulated devices report before the picture is taken, so that there is something to see. */
const warmUp_ms = 20_000;

const demo = await new Demo({ simulator: true }).start();
try {
  const browser = await openBrowser({ width: 1440, height: 1000, locale: "zh-CN" });
  try {
    const { page } = browser;
    await page.goto(demo.endpoints.console);
    await page.waitForTimeout(warmUp_ms);
    await publishReading({ broker: demo.endpoints.deviceBroker, device: "fire-panel" }, "contact", {
      channel: "fire",
      closed: true,
    });
    await page.locator('article[data-testid^="alert-"][data-state="firing"]').first().waitFor();
    // the siren's frame blinks; fonts and figures settle
    await page.waitForTimeout(1_000);
    mkdirSync(dirname(file), { recursive: true });
    await page.screenshot({ path: file });
    console.log(file);
  } finally {
    await browser.close();
  }
} finally {
  await demo.remove();
}
