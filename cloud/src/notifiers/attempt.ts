import { backoff } from "@gengfu/shared/backoff";
import { messageOf } from "@gengfu/shared/errors";
import type { Clock } from "@gengfu/shared/time/clock";
import type { Delivery, Message, Notifier } from "./channel.ts";
import type { NotificationSettings } from "./settings.ts";

/** What becomes of a message after an attempt. */
export type Verdict =
  | { readonly state: "sent"; readonly id?: string }
  | { readonly state: "failed"; readonly code: string; readonly detail: string }
  | { readonly state: "pending"; readonly delay_ms: number; readonly code: string; readonly detail: string };

/** Texts of vendors are kept up to this length. */
const detail_chars_max = 500;

/** One attempt with its time limit. Never throws: whatever a notifier does becomes a delivery. */
export async function attempt(
  notifier: Notifier,
  message: Message,
  options: { readonly clock: Clock; readonly timeout_ms: number; readonly signal: AbortSignal },
): Promise<Delivery> {
  const { clock, timeout_ms, signal } = options;
  const late = new AbortController();
  return new Promise((resolve) => {
    const finish = (delivery: Delivery): void => {
      cancel();
      signal.removeEventListener("abort", onAbort);
      resolve(delivery);
      late.abort();
    };
    const onAbort = (): void => finish(failure("stopped", "the service stopped while the message was under way"));
    const cancel = clock.after(timeout_ms, () => finish(failure("timeout", `no answer within ${timeout_ms} ms`)));
    signal.addEventListener("abort", onAbort);
    Promise.resolve()
      .then(() => notifier.send(message, late.signal))
      .then(finish, (error: unknown) => finish(failure("exception", messageOf(error))));
  });
}

function failure(code: string, detail: string): Delivery {
  return { ok: false, retryable: true, code, detail };
}

/** What an attempt's outcome means. */
export function judgeAttempt(
  delivery: Delivery,
  about: {
    /** Attempts made, this one included. */
    readonly attempts: number;
    readonly age_ms: number;
    readonly retry: NotificationSettings["retry"];
    /** Between 0 and 1, 1 excluded. */
    readonly random: number;
  },
): Verdict {
  if (delivery.ok) return { state: "sent", ...(delivery.id === undefined ? {} : { id: delivery.id }) };
  const { code } = delivery;
  const detail = delivery.detail.slice(0, detail_chars_max);
  const { attempts, age_ms, retry, random } = about;
  const wait_ms = backoff(attempts, random, { first_ms: retry.first, max_ms: retry.max });
  const asked_ms = (delivery.retry_after_ms ?? 0) * (1 + random / 4);
  const delay_ms = Math.round(Math.max(wait_ms, asked_ms));
  if (!delivery.retryable || age_ms + delay_ms > retry.within) return { state: "failed", code, detail };
  return { state: "pending", delay_ms, code, detail };
}
