import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { memoryLog } from "@gengfu/shared/log/memory-log";
import { silentLogger } from "@gengfu/shared/logging";
import type { StoredReading } from "@gengfu/shared/model/reading";
import { site as siteSchema, type Site } from "@gengfu/shared/model/site";
import { ManualClock } from "@gengfu/shared/time/clock";
import { MemoryAlerts } from "../api/fixture.ts";
import { siteFacts } from "../site-facts.ts";
import { Findings, findingsConsumer } from "./findings.ts";
import { findingSettings } from "./settings.ts";

/** Monday, 2026-01-05, 08:00 in China. */
export const start = Date.UTC(2026, 0, 5);

export const cards = { zhang: "04A1B2C3D4E580", li: "04A1B2C3D4E581", extinguisher: "0411111111", exit: "0422222222" };

export const site: Site = siteSchema.parse({
  id: "court",
  name: { zh: "法院", en: "Court" },
  gateways: [{ id: "main", name: "Main", secret: "s" }],
  devices: [
    { id: "reader-lobby", name: { zh: "大厅读卡器", en: "Lobby reader" }, secret: "s", measures: [{ kind: "tap" }] },
    { id: "reader-attic", name: "Attic reader", secret: "s", measures: [{ kind: "tap" }] },
    { id: "carried", name: "Carried reader", secret: "s", measures: [{ kind: "tap" }] },
  ],
  checkpoints: [
    { id: "lobby", name: { zh: "大厅", en: "Lobby" }, device: "reader-lobby" },
    { id: "attic", name: "Attic", device: "reader-attic" },
    { id: "pond", name: "Pond", tag: "0433333333" },
  ],
  people: [
    { id: "zhang", name: { zh: "张伟", en: "Zhang Wei" }, role: "guard", card: cards.zhang },
    { id: "li", name: { zh: "李娜", en: "Li Na" }, role: "guard", card: cards.li },
    { id: "wang", name: { zh: "王强", en: "Wang Qiang" }, role: "manager" },
  ],
  defects: [
    { id: "extinguisher", name: { zh: "灭火器失压", en: "Extinguisher flat" }, card: cards.extinguisher },
    {
      id: "exit",
      name: { zh: "疏散通道堵塞", en: "Exit blocked" },
      card: cards.exit,
      grade: "urgent",
      responsible: "wang",
    },
  ],
  calendar: { holidays: ["2026-01-08"], workdays: ["2026-01-10"] },
});

/** For tests: the ledger over a real file, in manual time, which may be killed at any moment. */
export class LedgerStory {
  readonly clock = new ManualClock(start);
  readonly log = memoryLog<StoredReading>();
  readonly alerts = new MemoryAlerts();
  findings: Findings;
  readonly #folder = mkdtempSync(join(tmpdir(), "gengfu-findings-"));
  #generation = 0;
  #seq = 0;
  #running = new AbortController();
  #run: Promise<void> = Promise.resolve();

  constructor() {
    this.findings = this.#begin();
  }

  tap(device: string, detail: Record<string, string>, more: Partial<StoredReading> = {}): StoredReading {
    const at = more.at ?? this.clock.now();
    return {
      gateway: "main",
      epoch: 1,
      seq: ++this.#seq,
      device,
      kind: "tap",
      channel: null,
      at,
      receivedAt: at,
      clock: "synchronised",
      value: null,
      detail,
      ...more,
    };
  }

  card(who: keyof typeof cards, more: Partial<StoredReading> = {}): StoredReading {
    return this.tap("reader-lobby", { card: cards[who] }, more);
  }

  /** Readings as the ingress appends them; resolves when the ledger has come past them. */
  async append(...readings: readonly StoredReading[]): Promise<void> {
    await this.deliver(...readings);
    await this.caughtUp();
  }

  async deliver(...readings: readonly StoredReading[]): Promise<void> {
    for (const reading of readings) await this.log.append("events", [reading]);
  }

  async caughtUp(): Promise<void> {
    while (this.log.backlog(findingsConsumer).events > 0) await setImmediate();
    for (let turn = 0; turn < 5; turn++) await setImmediate();
  }

  /** Lets time pass, in steps of the ledger's looks. */
  async pass(time_ms: number): Promise<void> {
    for (let left = time_ms; left > 0; left -= 10_000) {
      this.clock.advance(Math.min(10_000, left));
      await setImmediate();
    }
    await this.caughtUp();
  }

  /** Lets time pass at once: the ledger looks once, at the end. */
  async leap(time_ms: number): Promise<void> {
    this.clock.jump(this.clock.now() + time_ms);
    await this.pass(10_000);
  }

  /** All that the ledger holds, findings with their steps, oldest first. */
  held() {
    return this.findings
      .list({ limit: 1_000 })
      .map(({ id }) => this.findings.get(id))
      .toSorted((a, b) => (a?.id ?? 0) - (b?.id ?? 0));
  }

  /** The process is killed: what is in the file at this moment is all that the next one has. */
  async kill(): Promise<void> {
    const from = this.#file();
    this.#generation++;
    for (const suffix of ["", "-wal"]) {
      if (existsSync(from + suffix)) copyFileSync(from + suffix, this.#file() + suffix);
    }
    await this.#stop();
  }

  async revive(): Promise<void> {
    this.findings = this.#begin();
    await this.caughtUp();
  }

  async end(): Promise<void> {
    await this.#stop();
    rmSync(this.#folder, { recursive: true });
  }

  async #stop(): Promise<void> {
    this.#running.abort();
    await this.#run;
    this.findings.stop();
  }

  #file(): string {
    return join(this.#folder, `findings-${this.#generation}.db`);
  }

  #begin(): Findings {
    const findings = new Findings({
      file: this.#file(),
      log: this.log,
      sites: [site],
      facts: siteFacts(site),
      alerts: this.alerts,
      settings: findingSettings.parse({}),
      clock: this.clock,
      logger: silentLogger,
    });
    findings.start();
    this.#running = new AbortController();
    this.#run = findings.run(this.#running.signal);
    return findings;
  }
}
