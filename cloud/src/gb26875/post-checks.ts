import { messageOf } from "@gengfu/shared/errors";
import type { Logger } from "@gengfu/shared/logging";
import type { Reading } from "@gengfu/shared/model/reading";
import type { Clock } from "@gengfu/shared/time/clock";
import { postCheck } from "./down-unit.ts";
import type { Downlink } from "./downlink.ts";
import { dueAt, isOpen, postCheckReadings, type PostCheck } from "./post-check.ts";
import type { UnitMemory } from "./unit-memory.ts";

export interface PostChecksOptions {
  /** The transmission device among the site's devices. */
  readonly device: string;
  readonly memory: Pick<UnitMemory, "postCheck">;
  /** Resolves once it is in the log. */
  readonly append: (work: () => readonly Reading[]) => Promise<void>;
  /** The connection to send it by; undefined while there is none. */
  readonly downlink: () => Downlink | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

export type PostCheckAnswer =
  | { readonly ok: true; readonly check: PostCheck }
  | { readonly ok: false; readonly message: string };

/** The checks of one duty desk. All that is known of them is in the log: they go on after a restart. */
export class PostChecks {
  readonly #options: PostChecksOptions;
  #isStarting = false;
  #cancelTimer: (() => void) | undefined;

  constructor(options: PostChecksOptions) {
    this.#options = options;
  }

  /** The last one; null where there never was any. */
  get current(): PostCheck | null {
    return this.#options.memory.postCheck;
  }

  /** What someone should look at, in both languages; null for nothing. */
  get trouble(): string | null {
    const check = this.current;
    if (check?.state !== "overdue") return null;
    return (
      `查岗超时：${check.by} 发起的查岗 ${check.minutes} 分钟内无人应答。` +
      `Post check overdue: nobody answered the check that ${check.by} began within ${check.minutes} min.`
    );
  }

  /** Watches over one that was open before a restart. */
  start(): void {
    this.#watch();
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  /** Begins one, unless there is one or nothing to send it by. It is in the log when this resolves. */
  async begin(by: string, minutes: number): Promise<PostCheckAnswer> {
    const { downlink, clock } = this.#options;
    const connection = downlink();
    if (connection === undefined) return { ok: false, message: "the transmission device is not connected" };
    if (this.#isStarting || (this.current !== null && isOpen(this.current))) {
      return { ok: false, message: "a post check is under way; it must be answered or overdue before the next" };
    }
    this.#isStarting = true;
    const now = clock.now();
    const check: PostCheck = { state: "asked", by, askedAt: now, minutes, at: now, operator: null };
    try {
      await this.#record(check);
    } finally {
      this.#isStarting = false;
    }
    void this.#send(connection, check);
    return { ok: true, check };
  }

  /** Someone pressed the key; without a check that waits for it this says nothing. */
  answered(operator: number): void {
    const check = this.current;
    if (check === null || (!isOpen(check) && check.state !== "overdue")) return;
    this.#move({ ...check, state: "answered", operator });
  }

  /** A device that came back is asked again: it may have missed it. */
  connected(): void {
    const check = this.current;
    const connection = this.#options.downlink();
    if (check?.state === "asked" && connection !== undefined) void this.#send(connection, check);
  }

  async #send(connection: Downlink, check: PostCheck): Promise<void> {
    const outcome = await connection.control(postCheck(check.minutes));
    const now = this.current;
    // meanwhile it may have been answered, or another one begun
    if (now?.askedAt !== check.askedAt || now.state !== "asked") return;
    if (outcome === "acknowledged") this.#move({ ...now, state: "shown" });
    else if (outcome !== "gone") this.#move({ ...now, state: "undelivered" });
  }

  /** Off the path of who waits: what can't be recorded now stands in the log as it was, and time brings it up again. */
  #move(check: PostCheck): void {
    const { clock, logger } = this.#options;
    this.#record({ ...check, at: clock.now() }).catch((error: unknown) =>
      logger.warn({ reason: messageOf(error) }, "the course of a post check was not recorded"),
    );
  }

  async #record(check: PostCheck): Promise<void> {
    const { append, device, clock, logger } = this.#options;
    await append(() => postCheckReadings(device, check, this.current, clock.now()));
    const { state, by, minutes, operator } = check;
    logger.info({ state, by, minutes, operator }, "post check");
    this.#watch();
  }

  #watch(): void {
    const { clock } = this.#options;
    this.stop();
    const check = this.current;
    if (check === null || !isOpen(check)) return;
    this.#cancelTimer = clock.after(Math.max(0, dueAt(check) - clock.now()), () => {
      const now = this.current;
      if (now !== null && isOpen(now)) this.#move({ ...now, state: "overdue" });
    });
  }
}
