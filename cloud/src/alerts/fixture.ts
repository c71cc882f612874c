import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { readConfig } from "@gengfu/shared/config/reader";
import { memoryLog } from "@gengfu/shared/log/memory-log";
import { silentLogger } from "@gengfu/shared/logging";
import { laneOf, type StoredReading } from "@gengfu/shared/model/reading";
import type { Rule } from "@gengfu/shared/model/rule";
import { site as siteSchema, type Site } from "@gengfu/shared/model/site";
import { ManualClock } from "@gengfu/shared/time/clock";
import { fakeChannel, type FakeChannel } from "../notifiers/fixture.ts";
import { notificationSettings } from "../notifiers/settings.ts";
import { consumerName, createAlertService } from "./create-alert-service.ts";
import type { AlertService, GatewayHealth } from "./alert-service.ts";
import type { Alert } from "./alert.ts";

export const start = Date.UTC(2026, 0, 1);
export const demoSite: Site = readConfig(join(import.meta.dirname, "../../../deploy/demo/site.yaml"), siteSchema);
const gatewayName = "main-building";
/** The demo site's rules about what is measured, without those about silence. */
export const valueRules = ["fire", "fire-panel-fault", "fire-tank-low"];

export interface StoryOptions {
  /** Only these rules of the demo site. */
  readonly rules?: readonly string[];
  /** What is otherwise in its rules. */
  readonly change?: (rule: Rule) => Rule;
  readonly settings?: object;
  readonly alerts_max?: number;
  readonly wecom?: FakeChannel;
  readonly sms?: FakeChannel;
}

/** For tests: the demo site in manual time, its service over a real file, its channels fakes. */
export class Story {
  readonly clock = new ManualClock(start);
  log = memoryLog<StoredReading>();
  readonly wecom: FakeChannel;
  readonly sms: FakeChannel;
  readonly changes: Alert[] = [];
  readonly gateway: { -readonly [key in keyof GatewayHealth]: GatewayHealth[key] };
  service: AlertService;
  /** The gateway is heard each second. */
  heartbeat = true;
  #seq = 0;
  readonly #folder = mkdtempSync(join(tmpdir(), "gengfu-alerts-"));
  #generation = 0;
  readonly #options: StoryOptions;
  /** Only these rules of the demo site, from the next start on. */
  rules: readonly string[] | undefined;

  constructor(options: StoryOptions = {}) {
    this.#options = options;
    this.rules = options.rules;
    this.wecom = options.wecom ?? fakeChannel("wecom-bot", { concurrency: 2 });
    this.sms = options.sms ?? fakeChannel("aliyun-sms", { audience: "people" });
    this.gateway = { id: gatewayName, connected: true, lastSeenAt: start, backlog: 0 };
    this.service = this.#begin();
  }

  /** Readings as the ingress appends them; resolves when the service has come past them. */
  async append(...readings: readonly StoredReading[]): Promise<void> {
    await this.deliver(...readings);
    await this.caughtUp();
  }

  async deliver(...readings: readonly StoredReading[]): Promise<void> {
    for (const reading of readings) await this.log.append(laneOf(reading.kind), [reading]);
  }

  async caughtUp(): Promise<void> {
    const behind = (): number => Object.values(this.log.backlog(consumerName)).reduce((sum, count) => sum + count, 0);
    while (behind() > 0) await setImmediate();
    // what was woken by it
    for (let turn = 0; turn < 5; turn++) await setImmediate();
  }

  reading(about: Partial<StoredReading>): StoredReading {
    const now = this.clock.now();
    return {
      gateway: gatewayName,
      epoch: 1,
      seq: ++this.#seq,
      device: "fire-panel",
      kind: "contact",
      channel: "fire",
      at: now,
      receivedAt: now,
      clock: "synchronised",
      value: 1,
      detail: null,
      ...about,
    };
  }

  contact(channel: "fire" | "fault", closed: boolean): Promise<void> {
    return this.append(this.reading({ channel, value: closed ? 1 : 0 }));
  }

  level(metres: number): Promise<void> {
    return this.append(this.reading({ device: "tank-fire", kind: "level", channel: null, value: metres }));
  }

  /** Lets time pass, second by second. */
  async pass(time_ms: number): Promise<void> {
    for (let left = time_ms; left > 0; left -= 1_000) {
      if (this.heartbeat) this.gateway.lastSeenAt = this.clock.now();
      this.clock.advance(Math.min(1_000, left));
      await this.caughtUp();
    }
  }

  /** Alerts as people see them, oldest first. */
  alerts(): string[] {
    return this.service
      .list()
      .toReversed()
      .map(({ rule, state }) => `${rule} ${state}`);
  }

  only(): Alert {
    const [alert, ...others] = this.service.list();
    if (alert === undefined || others.length > 0)
      throw new Error(`one alert was expected, not ${this.alerts().join(", ")}`);
    return alert;
  }

  /** The process is killed: what is in the file at this moment is all that the next one has. */
  async kill(): Promise<void> {
    const from = this.#file();
    this.#generation++;
    for (const suffix of ["", "-wal"])
      if (existsSync(from + suffix)) copyFileSync(from + suffix, this.#file() + suffix);
    await this.service.stop();
  }

  async revive(): Promise<void> {
    this.service = this.#begin();
    await this.caughtUp();
  }

  async end(): Promise<void> {
    await this.service.stop();
    rmSync(this.#folder, { recursive: true });
  }

  #file(): string {
    return join(this.#folder, `alerts-${this.#generation}.db`);
  }

  #begin(): AlertService {
    const { change = (rule: Rule) => rule, settings = {}, alerts_max } = this.#options;
    const service = createAlertService({
      file: this.#file(),
      log: this.log,
      sites: [{ ...demoSite, rules: demoSite.rules.filter(({ id }) => this.rules?.includes(id) ?? true).map(change) }],
      gateways: { list: () => [this.gateway] },
      channels: [this.wecom, this.sms],
      settings: notificationSettings.parse(settings),
      clock: this.clock,
      logger: silentLogger,
      random: () => 0,
      ...(alerts_max === undefined ? {} : { alerts_max }),
    });
    service.start();
    service.onChange((alert) => this.changes.push(alert));
    return service;
  }
}
