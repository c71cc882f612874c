import { identifier } from "@gengfu/shared/model/identifier";
import { deviceTopic } from "../contract/topics.ts";
import type { Will } from "../mqtt/packets.ts";
import { advice, broken, type CheckRule, type Problem } from "./finding.ts";
import { ofType } from "./view.ts";

/** As the gateway takes it. */
const clientId_chars_max = 128;
const keepAlive_s = { min: 15, max: 60 } as const;

export const connectionRules: readonly CheckRule[] = [
  {
    id: "protocol",
    title: { en: "It speaks MQTT 3.1.1.", zh: "使用 MQTT 3.1.1。" },
    examine: ({ observations }) => {
      const connections = ofType(observations, "connected");
      return {
        seen: connections.length,
        problems: connections
          .filter(({ level }) => level !== 4)
          .map(({ level }) =>
            broken(`protocol level ${level}`, {
              en: "The gateway speaks MQTT 3.1.1, which is protocol level 4: set your library to it, not to 5.",
              zh: "网关使用 MQTT 3.1.1(协议级别 4)：请在库中选择它，而不是 5。",
            }),
          ),
      };
    },
  },
  {
    id: "user",
    title: { en: "Its user name is the device's id.", zh: "用户名为设备编号。" },
    examine: ({ observations }) => {
      const connections = ofType(observations, "connected").filter(({ level }) => level <= 4);
      return {
        seen: connections.length,
        problems: connections
          .filter(({ user }) => !identifier.safeParse(user).success)
          .map(({ user }) =>
            broken(user === null ? "no user name" : JSON.stringify(user.slice(0, 80)), {
              en: "Sign on with the device's id as user name and its secret as password; the id is also in its topics.",
              zh: "请以设备编号为用户名、设备密钥为密码登录；主题中也使用该编号。",
            }),
          ),
      };
    },
  },
  {
    id: "client_id",
    title: { en: "Its client id is the same each time.", zh: "客户端标识每次相同。" },
    examine: ({ observations }) => {
      const ids = ofType(observations, "connected").map(({ clientId }) => clientId);
      const problems: Problem[] = [];
      const same = {
        en: "Use one client id for ever, such as the device's id: an interrupted publish is known by it as a repeat.",
        zh: "请始终使用同一个客户端标识，例如设备编号：中断后的重发靠它识别。",
      };
      if (ids.includes("")) problems.push(advice("an empty client id", same));
      if (new Set(ids).size > 1) problems.push(advice([...new Set(ids)].slice(0, 2).join(", then "), same));
      for (const id of ids.filter((id) => id.length > clientId_chars_max)) {
        problems.push(
          broken(`${id.length} characters`, {
            en: `The gateway takes client ids of at most ${clientId_chars_max} characters.`,
            zh: `客户端标识最长 ${clientId_chars_max} 个字符。`,
          }),
        );
      }
      return { seen: ids.length, problems };
    },
  },
  {
    id: "keep_alive",
    title: { en: "Its keep-alive is 15 to 60 s, and it keeps it.", zh: "保活间隔为 15 到 60 秒，并遵守。" },
    examine: ({ observations }) => {
      const connections = ofType(observations, "connected");
      const problems = connections.flatMap((connection): Problem[] => {
        const found = `${connection.keepAlive_s} s`;
        if (connection.keepAlive_s === 0) {
          return [
            broken(found, {
              en: "Without a keep-alive a dead line stays unnoticed, and `offline` unsaid: set 30 s.",
              zh: "没有保活，断线无人察觉，offline 也不会发出：请设为 30 秒。",
            }),
          ];
        }
        if (connection.keepAlive_s >= keepAlive_s.min && connection.keepAlive_s <= keepAlive_s.max) return [];
        return [
          advice(found, {
            en: "Set a keep-alive of 15 to 60 s: shorter costs traffic, longer hides a dead line.",
            zh: "请把保活设为 15 到 60 秒：太短浪费流量，太长则断线难以察觉。",
          }),
        ];
      });
      const silent = ofType(observations, "silent").map(({ connection }) =>
        broken(`connection ${connection}`, {
          en: "Nothing came for one and a half keep-alives, at which a broker hangs up: call your library's loop, let it ping.",
          zh: "超过 1.5 个保活间隔没有任何报文，代理会断开：请及时调用库的循环函数以发送心跳。",
        }),
      );
      return { seen: connections.length, problems: [...problems, ...silent] };
    },
  },
  {
    id: "last_will",
    title: { en: "It leaves `offline` as its last will.", zh: "遗嘱消息为 offline。" },
    examine: ({ device, observations }) => {
      const connections = ofType(observations, "connected");
      return {
        seen: connections.length,
        problems: connections.flatMap(({ will }) => {
          const wrong = mistakesOf(will, deviceTopic(device ?? "", "state"));
          if (wrong === undefined) return [];
          return [
            broken(wrong, {
              en: "Sign on with a last will on gengfu/v1/<device>/state: offline, QoS 1, retained.",
              zh: "连接时设置遗嘱：主题 gengfu/v1/<设备>/state，内容 offline，QoS 1，保留。",
            }),
          ];
        }),
      };
    },
  },
  {
    id: "online",
    title: { en: "It says `online` after each connection.", zh: "每次连接后发布 online。" },
    examine: ({ mode, observations, publishes }) => {
      const told = publishes.filter(({ parsed }) => parsed.verdict === "state" && parsed.online);
      // a connection that the checker cut at once had no time to say anything
      const connections = ofType(observations, "connected").filter(({ connection }) =>
        publishes.some(({ publish }) => publish.connection === connection),
      );
      const silent = connections.filter(
        ({ connection }) => !told.some(({ publish }) => publish.connection === connection),
      );
      return {
        seen: mode === "serve" ? connections.length : told.length,
        problems: silent.map(({ connection }) =>
          broken(`connection ${connection}`, {
            en: "After each connection publish online on gengfu/v1/<device>/state, QoS 1, retained, before any reading.",
            zh: "每次连接后先在 gengfu/v1/<设备>/state 发布 online，QoS 1，保留。",
          }),
        ),
      };
    },
  },
];

function mistakesOf(will: Will | null, topic: string): string | undefined {
  if (will === null) return "no last will";
  const wrong = [
    will.topic === topic ? "" : `topic ${will.topic.slice(0, 120)}`,
    will.payload.toString("utf8") === "offline"
      ? ""
      : `payload ${JSON.stringify(will.payload.toString("utf8").slice(0, 40))}`,
    will.qos === 1 ? "" : `QoS ${will.qos}`,
    will.retain ? "" : "not retained",
  ].filter((mistake) => mistake !== "");
  return wrong.length === 0 ? undefined : wrong.join(", ");
}
