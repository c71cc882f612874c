import type { RepeatLog } from "@gengfu/shared/repeat-limit";
import type { Clock } from "@gengfu/shared/time/clock";
import type { Troubles } from "../troubles.ts";
import type { FloodLimits } from "./schema.ts";

export interface FloodWatchOptions {
  readonly limits: FloodLimits;
  readonly troubles: Pick<Troubles, "set">;
  readonly clock: Clock;
  readonly log: RepeatLog;
}

/** Into so many parts the time is divided that a flood must last until it is reported. */
const sweeps = 10;

/** Counts what one device sends, over all of its connections, and holds it to its limit. */
export class FloodMeter {
  readonly device: string;
  /** Messages since the last sweep. */
  count = 0;
  /** Messages at QoS 0 that came beyond the limit. */
  dropped = 0;
  /** Whether it sends more than is reported, and has for a while. */
  isFlooding = false;
  /** Sweeps in a row with more than is reported, and with less. */
  high = 0;
  low = 0;
  /** Counts of the last sweeps, for the rate that is told. */
  readonly recent: number[] = [];
  readonly #limit: { readonly perSecond: number; readonly burst: number } | null;
  readonly #clock: Clock;
  #tokens: number;
  #filled_ms: number;

  constructor(device: string, perSecond: number, burst: number, clock: Clock) {
    this.device = device;
    this.#limit = perSecond === 0 ? null : { perSecond, burst };
    this.#clock = clock;
    this.#tokens = burst;
    this.#filled_ms = clock.monotonic();
  }

  get isLimited(): boolean {
    return this.#limit !== null;
  }

  /** A message came; false where it is at QoS 0 and beyond the limit. */
  took(qos: number): boolean {
    this.count += 1;
    if (this.#limit === null) return true;
    this.#fill(this.#limit);
    if (qos === 0 && this.#tokens < 1) {
      this.dropped += 1;
      return false;
    }
    // at QoS 1 it may go into debt, which is then waited for
    this.#tokens -= 1;
    return true;
  }

  /** For how long nothing more should be read, ms; 0 where it may go on. */
  get pause_ms(): number {
    if (this.#limit === null) return 0;
    this.#fill(this.#limit);
    return this.#tokens >= 0 ? 0 : Math.ceil((-this.#tokens * 1_000) / this.#limit.perSecond);
  }

  #fill({ perSecond, burst }: { readonly perSecond: number; readonly burst: number }): void {
    const now_ms = this.#clock.monotonic();
    this.#tokens = Math.min(burst, this.#tokens + ((now_ms - this.#filled_ms) * perSecond) / 1_000);
    this.#filled_ms = now_ms;
  }
}

/** Sees which devices send far more than a sensor does, and says so for as long as it lasts. */
export class FloodWatch {
  readonly #options: FloodWatchOptions;
  /** By device that has signed on; there are no more than are configured. */
  readonly #meters = new Map<string, FloodMeter>();
  #cancel: (() => void) | null = null;
  #swept_ms = 0;

  constructor(options: FloodWatchOptions) {
    this.#options = options;
  }

  /** Messages at QoS 0 that were dropped, of all devices, since the start. */
  get dropped(): number {
    return this.#meters.values().reduce((sum, { dropped }) => sum + dropped, 0);
  }

  start(): void {
    this.#swept_ms = this.#options.clock.monotonic();
    this.#later();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
    for (const { device } of this.#meters.values()) this.#options.troubles.set(subjectOf(device), null);
  }

  meter(device: string): FloodMeter {
    const known = this.#meters.get(device);
    if (known !== undefined) return known;
    const { limits, clock } = this.#options;
    const own = Object.hasOwn(limits.devices, device) ? limits.devices[device] : undefined;
    const perSecond = own ?? limits.messages_per_second_max;
    const meter = new FloodMeter(device, perSecond, Math.max(1, limits.burst_seconds * perSecond), clock);
    this.#meters.set(device, meter);
    return meter;
  }

  #later(): void {
    const { clock, limits } = this.#options;
    this.#cancel = clock.after(limits.reported_after / sweeps, () => {
      this.#sweep();
      this.#later();
    });
  }

  #sweep(): void {
    const { limits, clock } = this.#options;
    const now_ms = clock.monotonic();
    // a busy machine sweeps late: by the true time it is no flood
    const span_s = Math.max((now_ms - this.#swept_ms) / 1_000, 1e-3);
    this.#swept_ms = now_ms;
    for (const meter of this.#meters.values()) {
      const isHigh = meter.count / span_s > limits.reported_above;
      meter.high = isHigh ? meter.high + 1 : 0;
      meter.low = isHigh ? 0 : meter.low + 1;
      meter.recent.push(meter.count / span_s);
      if (meter.recent.length > sweeps) meter.recent.shift();
      meter.count = 0;
      if (meter.high >= sweeps) this.#report(meter);
      else if (meter.isFlooding && meter.low >= sweeps) this.#calm(meter);
    }
  }

  #report(meter: FloodMeter): void {
    const { limits, troubles, log } = this.#options;
    const { device, recent, dropped } = meter;
    const mean = recent.reduce((sum, rate) => sum + rate, 0) / recent.length;
    // two digits: the sentence is to stay the same while the flood does
    const rate = Number(mean.toPrecision(2));
    const lost = dropped === 0 ? { zh: "", en: "" } : { zh: `;已丢弃 ${dropped} 条`, en: `; ${dropped} were dropped` };
    troubles.set(subjectOf(device), {
      zh: `设备 ${device} 每秒发送约 ${rate} 条消息(超过 ${limits.reported_above} 条)${lost.zh}。请检查该设备的设置。`,
      en: `The device ${device} sends about ${rate} messages a second (over ${limits.reported_above})${lost.en}. Check its settings.`,
    });
    if (!meter.isFlooding) log.warn(`flood ${device}`, { device, per_second: rate }, "a device floods the gateway");
    meter.isFlooding = true;
  }

  #calm(meter: FloodMeter): void {
    meter.isFlooding = false;
    this.#options.troubles.set(subjectOf(meter.device), null);
  }
}

function subjectOf(device: string): string {
  return `flood ${device}`;
}
