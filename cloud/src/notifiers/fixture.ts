import type { Channel, Delivery, Message } from "./channel.ts";

/** For tests: a message as a fire panel's contact makes it. */
export function fireMessage(about: Partial<Message> = {}): Message {
  return {
    alert: "0123456789abcdef",
    severity: "critical",
    about: "firing",
    site: { zh: "伊通县人民法院", en: "Yitong County Court" },
    name: { zh: "火警", en: "Fire" },
    where: { zh: "消防控制主机", en: "Fire panel" },
    text: { zh: "火警：消防控制主机 火警触点闭合", en: "Fire: Fire panel, Fire contact closed" },
    advice: { zh: "立即现场核实。", en: "Verify on the spot at once." },
    at: Date.UTC(2026, 0, 1),
    time: "2026-01-01 08:00:00",
    target: { id: "wang-qiang", phone: "13800000000" },
    ...about,
  };
}

export interface FakeChannel extends Channel {
  /** What was handed to it, in order. */
  readonly messages: Message[];
  /** How the next ones are answered; the last stays. `"hang"` never answers. */
  respondWith(...answers: readonly (Delivery | "hang")[]): void;
  /** Resolves when so many messages have been handed over in all. */
  got(count: number): Promise<void>;
}

/** A channel that keeps what it is given. */
export function fakeChannel(name: string, about: Partial<Channel> = {}): FakeChannel {
  const messages: Message[] = [];
  let answers: (Delivery | "hang")[] = [{ ok: true }];
  const waiting: { count: number; resolve: () => void }[] = [];
  return {
    name,
    audience: "group",
    concurrency: 1,
    budgets: [],
    render: (message) => `${message.name.zh} ${message.time}`,
    notifier: {
      send(message) {
        messages.push(message);
        for (const { count, resolve } of waiting) if (messages.length >= count) resolve();
        const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? { ok: true };
        return answer === "hang" ? new Promise(() => undefined) : Promise.resolve(answer);
      },
    },
    ...about,
    messages,
    respondWith: (...next) => (answers = [...next]),
    got: (count) =>
      messages.length >= count ? Promise.resolve() : new Promise((resolve) => waiting.push({ count, resolve })),
  };
}
