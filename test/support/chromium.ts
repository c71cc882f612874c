import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type BrowserContext, type Page } from "playwright-core";
import { need } from "./tools.ts";

export interface BrowserOptions {
  readonly width: number;
  readonly height: number;
  /** What the browser says that its user reads, such as `zh-CN`. */
  readonly locale: string;
}

export interface Browser {
  readonly page: Page;
  /** What went to the console as an error, what was thrown, and what could not be loaded. */
  readonly errors: string[];
  close(): Promise<void>;
}

/** A real Chromium with a profile of its own, which goes away with it. */
export async function openBrowser({ width, height, locale }: BrowserOptions): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), "gengfu-chromium-"));
  let context: BrowserContext;
  try {
    context = await chromium.launchPersistentContext(profile, {
      executablePath: need("chromium"),
      headless: true,
      args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
      viewport: { width, height },
      locale,
      timezoneId: "Europe/Lisbon",
    });
  } catch (error) {
    rmSync(profile, { recursive: true, force: true });
    throw error;
  }
  const page = context.pages()[0] ?? (await context.newPage());
  const errors: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(`${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => errors.push(error.message));
  return {
    page,
    errors,
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}
