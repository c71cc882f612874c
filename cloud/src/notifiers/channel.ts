import type { Severity } from "@gengfu/shared/model/rule";
import type { Text } from "@gengfu/shared/model/text";
import type { BudgetWindow } from "./budget.ts";

/** What there is to tell someone: plain data, since it waits in the outbox. Each channel makes its own text of it. */
export interface Message {
  /** The alert's id. */
  readonly alert: string;
  readonly severity: Severity;
  readonly about: "firing" | "cleared";
  /** Names of the site, of the rule and of the device or gateway. */
  readonly site: Text;
  readonly name: Text;
  readonly where: Text;
  /** What happened, in a sentence that stands alone. */
  readonly text: Text;
  readonly advice: Text | null;
  /** When it happened, epoch milliseconds, and by the site's clock: `2026-01-01 08:00:05`. */
  readonly at: number;
  readonly time: string;
  readonly target: Target;
}

export interface Target {
  /** A person's id, or the channel's name where it speaks to a group. */
  readonly id: string;
  /** Null for a group. */
  readonly phone: string | null;
}

/** What a channel answered. `code` is the vendor's own where it gave one. */
export type Delivery =
  /** `id` is the vendor's name of the message, where it gave one: by it receipts are told. */
  | { readonly ok: true; readonly id?: string }
  | {
      readonly ok: false;
      readonly retryable: boolean;
      readonly code: string;
      readonly detail: string;
      /** The least time that the channel wants to be left alone. */
      readonly retry_after_ms?: number;
    };

/** Hands one message to a vendor, once: retries and time limits are the stage's around it. */
export interface Notifier {
  /** Gives up when the signal is aborted. What it throws counts as worth another try. */
  send(message: Message, signal: AbortSignal): Promise<Delivery>;
}

/** A message that the vendor took and has not told the fate of. */
export interface Awaited {
  readonly id: number;
  readonly vendorId: string;
  readonly phone: string | null;
  /** Epoch milliseconds. */
  readonly sentAt: number;
}

/** What became of a message on the way to the person. */
export interface Receipt {
  readonly id: number;
  readonly state: "delivered" | "undelivered";
  /** The operator's word, such as `DELIVRD`. */
  readonly code: string | null;
}

/** Asks the vendor what became of messages; says nothing of those that are still on their way. */
export interface ReceiptSource {
  /** Throws where the vendor can't be asked. Asking again changes nothing. */
  poll(awaited: readonly Awaited[], signal: AbortSignal): Promise<readonly Receipt[]>;
}

export interface Channel {
  readonly name: string;
  /** Whether it speaks to a group as one, or to each person on call who has a phone. */
  readonly audience: "group" | "people";
  /** The text as the target reads it. */
  render(message: Message): string;
  /** Null where the channel isn't configured: then messages are kept as `would_be_sent`. */
  readonly notifier: Notifier | null;
  /** Messages under way at a time, at most. */
  readonly concurrency: number;
  /** What the vendor takes in a time, for each target; empty where it names none. */
  readonly budgets: readonly BudgetWindow[];
  /** Undefined where the vendor tells of no receipts. */
  readonly receipts?: ReceiptSource;
}
