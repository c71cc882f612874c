import { readingLine } from "@gengfu/cloud/stores/influx/lines";
import { writeApart } from "@gengfu/cloud/stores/influx/refused-lines";
import type { SiteFacts } from "@gengfu/cloud/site-facts";
import type { Rejection, Store } from "@gengfu/cloud/stores/store";
import { GengfuError } from "@gengfu/shared/errors";
import type { StoredReading } from "@gengfu/shared/model/reading";
import { never, type Life } from "./machine.ts";
import { poisonChannel } from "./publication.ts";
import type { World } from "./world.ts";

export interface StorePlan {
  /** Milliseconds that a write takes, at least and at most. */
  readonly write_ms: readonly [number, number];
  /** Probability of an answer that says it can't for now. */
  readonly fail: number;
  /** Probability that it is stored and the answer gets lost. */
  readonly loseAnswer: number;
  /** Probability that there is no answer at all, and it is perhaps stored later. */
  readonly hang: number;
  /** Probability that the answer takes seconds. */
  readonly late: number;
}

/** After this the client gives a request up. */
const timeout_ms = 10_000;
const facts: SiteFacts = {
  sites: ["court"],
  siteOf: () => "court",
  tap: () => ({ checkpoint: null, guard: null, guardName: null }),
};
const poisonTag = `channel=${poisonChannel}`;

type Answer = Awaited<ReturnType<Parameters<typeof writeApart>[1]>>;

/** InfluxDB: points by measurement, tags and time, the last write wins, and a server that is not always well. */
export class SimInflux {
  /** Fields by measurement, tags and timestamp. */
  readonly #points = new Map<string, string>();
  /** Timestamp by measurement, tags and fields, which hold the reading's number: a reading is a point once. */
  readonly times = new Map<string, string>();
  /** What was refused for good and said so: measurement, tags and fields. */
  readonly #rejected = new Set<string>();
  readonly #world: World;
  readonly #plan: StorePlan;
  /** While set, it refuses connections, or answers nothing. */
  outage: "down" | "hanging" | null = null;
  /** When it last did not do as it should. */
  trouble_ms = -Infinity;
  /** Set to prove that it is found out: it stores no levels, and says that it does. */
  forgets = false;

  constructor(world: World, plan: StorePlan) {
    this.#world = world;
    this.#plan = plan;
  }

  /** The store as a process of the cloud sees it. */
  client(life: Life): Pick<Store, "write"> {
    return {
      write: async (readings) => {
        if (life.strikes("influx.write")) return never();
        const written: StoredReading[] = [];
        const lines: string[] = [];
        for (const reading of readings) {
          const line = lineOf(reading);
          if (line === undefined) continue;
          written.push(reading);
          lines.push(line);
        }
        const refused = lines.length === 0 ? new Map<number, string>() : await this.#write(life, lines);
        if (life.strikes("influx.written")) return never();
        const rejected: Rejection[] = [];
        for (const [index, reason] of refused) {
          this.#rejected.add(split(lines[index] as string).content);
          rejected.push({ reading: written[index] as StoredReading, reason });
        }
        return { rejected };
      },
    };
  }

  /** Whether a reading is there, at whatever time, or was refused as it must be. */
  has(reading: StoredReading): boolean {
    const line = lineOf(reading);
    if (line === undefined) return true;
    const { content } = split(line);
    return line.includes(poisonTag) ? this.#rejected.has(content) : this.times.has(content);
  }

  async #write(life: Life, lines: readonly string[]): Promise<Map<number, string>> {
    const answer = await this.#send(life, lines);
    return answer.kind === "stored" ? new Map() : writeApart(lines, (part) => this.#send(life, part));
  }

  #send(life: Life, lines: readonly string[]): Promise<Answer> {
    const { random } = this.#world;
    return new Promise((resolve, reject) => {
      const answerAfter = (delay_ms: number, answer: () => void): void => void life.clock.after(delay_ms, answer);
      const fail = (reason: string): void => {
        this.trouble_ms = this.#world.now_ms;
        this.#world.trace("influx", reason);
        reject(new GengfuError("store_unavailable", reason, { retryable: true }));
      };
      let delay_ms = random.between(...this.#plan.write_ms);
      if (this.outage === "down" || this.#world.harms(this.#plan.fail)) {
        return answerAfter(delay_ms, () => fail("InfluxDB answered 503"));
      }
      if (this.outage === "hanging" || this.#world.harms(this.#plan.hang)) {
        this.#world.count("writes that InfluxDB never answered");
        this.trouble_ms = this.#world.now_ms + timeout_ms;
        if (random.chance(0.5)) this.#world.after(random.between(0, 3 * timeout_ms), () => this.#store(lines));
        return answerAfter(timeout_ms, () => fail("InfluxDB can't be reached: timed out"));
      }
      if (this.#world.harms(this.#plan.late)) {
        delay_ms += random.between(1_000, timeout_ms - 1_000);
        this.trouble_ms = this.#world.now_ms + delay_ms;
      }
      // the request is on its way, whatever becomes of who sent it
      this.#world.after(delay_ms / 2, () => {
        const answer = this.#store(lines);
        const isLost = this.#world.harms(this.#plan.loseAnswer);
        answerAfter(delay_ms / 2, () => (isLost ? fail("InfluxDB can't be reached: reset") : resolve(answer)));
      });
    });
  }

  #store(lines: readonly string[]): Answer {
    this.#world.trace("influx", `${lines.length} lines come in`);
    const bad = lines.filter((line) => line.includes(poisonTag)).length;
    // some versions drop the whole request where a line of it is bad, and not all say how many they dropped
    const dropsAll = bad > 0 && this.#world.random.chance(0.3);
    for (const line of dropsAll ? [] : lines) if (!line.includes(poisonTag)) this.#put(line);
    if (bad === 0) return { kind: "stored" };
    // to find out which ones were bad takes many requests
    this.trouble_ms = this.#world.now_ms;
    const dropped = dropsAll || this.#world.random.chance(0.3) ? undefined : bad;
    return { kind: "refused", reason: "partial write: field type conflict", dropped };
  }

  #put(line: string): void {
    const { key, fields, content, time } = split(line);
    if (this.forgets && key.startsWith("level")) return;
    const before = this.#points.get(key);
    this.#points.set(key, fields);
    if (before !== undefined) this.#world.count("points written again");
    if (before !== undefined && before !== fields) {
      this.#world.violate("I3", `a point changed from ${before} to ${fields}: ${key}`);
    }
    const other = this.times.get(content);
    this.times.set(content, time);
    if (other !== undefined && other !== time) {
      this.#world.violate("I3", `a reading is two points, at ${other} and at ${time}: ${content}`);
    }
  }
}

/** Whether a reading waits before InfluxDB until someone knows its time. */
export function isUnsure({ sinceBoot, clock }: StoredReading): boolean {
  return sinceBoot !== undefined && clock === "unsynchronised";
}

/** The line of a reading, and the epoch with it, which InfluxDB does not keep but by which readings are told apart. */
export function lineOf(reading: StoredReading): string | undefined {
  return readingLine(reading, facts)?.replace(" seq=", ` epoch=${reading.epoch}i,seq=`);
}

/**
 * The parts of a line whose tags and fields have no blanks in them. Its content is what no other reading has: a contact
 * says so little that it takes the time, which the device told and nobody puts right.
 */
export function split(line: string): { key: string; fields: string; content: string; time: string } {
  const [series = "", all = "", time = ""] = line.split(" ");
  const content = `${series} ${all}${series.startsWith("contact,") ? ` ${time}` : ""}`;
  return { key: `${series} ${time}`, fields: all.replace(/^epoch=\d+i,/, ""), content, time };
}
