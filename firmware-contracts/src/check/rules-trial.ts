import { deviceTopic } from "../contract/topics.ts";
import { advice, broken, type CheckRule, type Problem } from "./finding.ts";
import { numberOf, ofType, saysTheSame, viewOf, type DeviceView, type SeenReading } from "./view.ts";

/** Closer together than this is hammering. */
const hammering_ms = 200;
const growth_min = 1.2;
/** From here on a wait need not grow. */
const long_ms = 25_000;

export const trialRules: readonly CheckRule[] = [
  {
    id: "reconnect",
    title: {
      en: "It comes back after a lost connection, and waits longer each time.",
      zh: "断线后会重连，且间隔逐次加长。",
    },
    examine: ({ observations }) => {
      const cut = ofType(observations, "withheld")[0];
      if (cut === undefined) return { seen: 0, problems: [] };
      const after = observations.filter(({ at_ms }) => at_ms > cut.at_ms);
      const back = ofType(after, "connected")[0];
      const dropped_ms = ofType(after, "closed")[0]?.at_ms ?? cut.at_ms;
      const tries = [...ofType(after, "tried"), ...(back === undefined ? [] : [back])].map(({ at_ms }) => at_ms);
      const waits = tries.map((at_ms, index) => Math.round(at_ms - (tries[index - 1] ?? dropped_ms)));
      const found = `waits of ${waits.map((wait) => `${wait} ms`).join(", ")}`;
      const problems: Problem[] = [];
      if (back === undefined) problems.push(broken(tries.length === 0 ? "it never tried" : found, comeBack));
      if (waits.slice(1).some((wait) => wait < hammering_ms)) problems.push(broken(found, backOff));
      else if (
        waits.some((wait, index) => index > 1 && wait < long_ms && wait < (waits[index - 1] ?? 0) * growth_min)
      ) {
        problems.push(advice(found, backOff));
      }
      return { seen: 1, problems };
    },
  },
  {
    id: "repeat",
    title: { en: "It repeats what was not acknowledged, with the same number.", zh: "未确认的消息会以相同编号重发。" },
    examine: (view) => {
      const withheld = ofType(view.observations, "withheld")[0];
      const problems = acknowledgedAgain(view);
      if (withheld === undefined) return { seen: problems.length, problems };
      const [original] = viewOf(view.mode, view.device, [withheld.publish]).publishes;
      const later = view.publishes.filter(
        ({ publish }) => publish.connection !== withheld.publish.connection && publish.at_ms > withheld.at_ms,
      );
      if (original === undefined || later.some((seen) => saysTheSame(original, seen))) return { seen: 1, problems };
      const readings = later.filter(({ parsed }) => parsed.verdict === "reading");
      // it had no chance to
      if (readings.length === 0) return { seen: problems.length, problems };
      const { boot, seq } = original.fields;
      const changed = readings.find(
        ({ fields }) => seq !== undefined && fields["boot"] === boot && fields["seq"] === seq,
      );
      const text = original.publish.payload.toString("utf8").slice(0, 120);
      problems.push(
        changed === undefined
          ? broken(`never came again: ${text}`, {
              en: "A reading is the device's until its PUBACK: keep it, and publish it again after the connection is back.",
              zh: "收到 PUBACK 之前读数由设备负责：请保留，并在重连后重发。",
            })
          : broken(`${text}, then ${changed.publish.payload.toString("utf8").slice(0, 120)}`, {
              en: "A repeat must say the same as before, with the same `boot` and `seq`; only its `age` may grow.",
              zh: "重发的内容必须与之前相同，boot 和 seq 不变；只有 age 可以增大。",
            }),
      );
      return { seen: 1, problems };
    },
  },
  {
    id: "answers",
    title: { en: "It hears what the gateway answers.", zh: "接收网关的应答。" },
    examine: ({ device, observations, readings }) => {
      const connections = ofType(observations, "connected");
      const answers = ofType(observations, "answered");
      const topics = ofType(observations, "subscribed").flatMap((subscribed) => subscribed.topics);
      const hears = (leaf: "error" | "feedback"): boolean => hearsOf(topics, device ?? "", leaf);
      const problems: Problem[] = [];
      if (connections.length > 0 && !hears("error")) {
        problems.push(
          advice("no subscription to error", {
            en: "Subscribe to gengfu/v1/<device>/error and log what comes: the gateway says there what it refused, and why.",
            zh: "请订阅 gengfu/v1/<设备>/error 并记录内容：网关会在那里说明拒收的原因。",
          }),
        );
      }
      if (connections.length > 0 && readings.some(({ message }) => message.kind === "tap") && !hears("feedback")) {
        problems.push(
          advice("no subscription to feedback", {
            en: "Subscribe to gengfu/v1/<device>/feedback and show by lamp or buzzer what became of a tap.",
            zh: "请订阅 gengfu/v1/<设备>/feedback，用灯或蜂鸣器提示刷卡结果。",
          }),
        );
      }
      for (const answer of answers) {
        const closed = ofType(observations, "closed").some(
          ({ by, at_ms }) => by === "device" && at_ms >= answer.at_ms && at_ms - answer.at_ms < 2_000,
        );
        if (!closed) continue;
        problems.push(
          broken(answer.message, {
            en: "It hung up when it was told of a mistake: the payload is acknowledged and kept, so go on with the next.",
            zh: "收到错误应答后断开了连接：该消息已被确认并隔离，请继续发送下一条。",
          }),
        );
      }
      return { seen: connections.length + answers.length, problems };
    },
  },
];

const comeBack = {
  en: "After a lost connection try again for ever: after 1 s, then twice as long each time up to a minute.",
  zh: "断线后要一直重试：先等 1 秒，之后每次加倍，最长一分钟。",
};

const backOff = {
  en: "Wait 1 s before the first attempt, then twice as long each time up to a minute, each a little at random.",
  zh: "第一次重试前等 1 秒，之后每次加倍，最长一分钟，并加一点随机。",
};

/** Whether one of the topics that a device subscribed to is where the gateway answers. */
export function hearsOf(topics: readonly string[], device: string, leaf: "error" | "feedback"): boolean {
  const own = deviceTopic(device, leaf);
  return topics.some((topic) => [own, own.replace(/[^/]+$/, "#"), own.replace(/[^/]+$/, "+")].includes(topic));
}

/** Readings that came again on the same connection though they were acknowledged. */
function acknowledgedAgain({ mode, readings }: DeviceView): Problem[] {
  if (mode !== "serve") return [];
  const known = new Map<string, SeenReading>();
  return readings.flatMap((reading): Problem[] => {
    const number = numberOf(reading);
    if (number === undefined) return [];
    const before = known.get(number);
    known.set(number, reading);
    if (before === undefined || before.publish.connection !== reading.publish.connection) return [];
    return [
      advice(number, {
        en: "It repeats what was acknowledged on the same connection: wait for the PUBACK some seconds before you repeat.",
        zh: "在同一连接上重发了已确认的消息：重发之前请等待 PUBACK 几秒钟。",
      }),
    ];
  });
}
