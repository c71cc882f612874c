import { quarantineCodes } from "../contract/codes.ts";
import { payload_bytes_max } from "../contract/limits.ts";
import { leafOf } from "../contract/topics.ts";
import { advice, broken, type CheckRule, type Problem } from "./finding.ts";
import { ofType, type Seen } from "./view.ts";

/** A reading is some dozens of bytes; many times that is a sign of something else. */
const usual_bytes_max = 1_024;

const shown = ({ publish }: Seen): string => publish.topic.slice(0, 120);

export const topicRules: readonly CheckRule[] = [
  {
    id: "topic",
    title: { en: "It publishes on its own topics, of the contract's form.", zh: "主题属于设备自己，且形式符合约定。" },
    examine: ({ device, publishes }) => ({
      seen: publishes.length,
      problems: publishes.flatMap((seen) => {
        if (device !== null && leafOf(device, seen.publish.topic) !== undefined) return [];
        return [
          broken(shown(seen), {
            en: "Publish on gengfu/v1/<device>/<kind>, where <device> is the user name, such as gengfu/v1/tank-fire/level.",
            zh: "主题应为 gengfu/v1/<设备>/<类型>，其中 <设备> 与用户名相同，例如 gengfu/v1/tank-fire/level。",
          }),
        ];
      }),
    }),
  },
  {
    id: "kind",
    title: { en: "The topic's last part is a kind of the contract.", zh: "主题最后一段是约定的类型。" },
    examine: ({ publishes }) => quarantined(publishes, (code) => code === "unknown_kind"),
  },
  {
    id: "payload",
    title: { en: "The payload keeps the contract.", zh: "消息内容符合约定。" },
    examine: ({ mode, observations, publishes }) => {
      const found = quarantined(publishes, (code) => code !== "unknown_kind" && code !== "payload_too_large");
      // the checker's own answers are of payloads that it has seen
      const answers = mode === "listen" ? ofType(observations, "answered") : [];
      const told = answers.map(({ message }) =>
        broken(message, {
          en: "The gateway refused a payload; the console keeps it in quarantine.",
          zh: "网关拒收了一条消息，控制台的隔离区里可以看到。",
        }),
      );
      return { seen: found.seen + answers.length, problems: [...found.problems, ...told] };
    },
  },
  {
    id: "size",
    title: { en: "Payloads are small.", zh: "消息大小合适。" },
    examine: ({ publishes }) => ({
      seen: publishes.length,
      problems: publishes.flatMap((seen): Problem[] => {
        const found = `${shown(seen)}: ${seen.publish.payload.length} bytes`;
        if (seen.publish.payload.length > payload_bytes_max) return [broken(found, quarantineCodes.payload_too_large)];
        if (seen.publish.payload.length <= usual_bytes_max) return [];
        return [
          advice(found, {
            en: "A reading takes some dozens of bytes: leave out what the contract doesn't know.",
            zh: "一条读数只需几十字节：请去掉约定之外的字段。",
          }),
        ];
      }),
    }),
  },
  {
    id: "qos",
    title: { en: "It publishes at QoS 1.", zh: "以 QoS 1 发布。" },
    examine: ({ publishes }) => {
      const live = publishes.filter(({ publish }) => !publish.stored);
      return {
        seen: live.length,
        problems: live.flatMap((seen): Problem[] => {
          if (seen.publish.qos === 1) return [];
          const found = `${shown(seen)} at QoS ${seen.publish.qos}`;
          if (seen.publish.qos === 2) {
            return [
              advice(found, {
                en: "QoS 2 doubles the packets and brings nothing: `boot` and `seq` already make repeats known. Use QoS 1.",
                zh: "QoS 2 使报文加倍而无益：boot 和 seq 已能识别重发。请用 QoS 1。",
              }),
            ];
          }
          return [
            broken(found, {
              en: "At QoS 0 nobody tells the device whether the gateway has it: publish at QoS 1 and keep it until the PUBACK. PubSubClient can't; use esp-mqtt, espMqttClient or arduino-mqtt.",
              zh: "QoS 0 没有确认，网关收没收到设备无从得知：请以 QoS 1 发布，收到 PUBACK 后才能丢弃。PubSubClient 做不到，请改用 esp-mqtt、espMqttClient 或 arduino-mqtt。",
            }),
          ];
        }),
      };
    },
  },
  {
    id: "retain",
    title: { en: "Readings are not retained, `state` is.", zh: "读数不保留，state 保留。" },
    examine: ({ publishes }) => {
      const known = publishes.filter(({ publish }) => publish.retain !== null);
      const states = publishes.filter(({ leaf }) => leaf === "state");
      const problems = known
        .filter(({ leaf, publish }) => leaf !== "state" && publish.retain === true)
        .map((seen) =>
          broken(shown(seen), {
            en: "A retained reading comes again to everyone who subscribes, as if it were new: clear the retain flag.",
            zh: "保留的读数会在每次订阅时重新出现，像新的一样：请去掉 retain 标志。",
          }),
        );
      const [state] = states;
      if (state !== undefined && !states.some(({ publish }) => publish.retain === true)) {
        problems.push(
          broken(shown(state), {
            en: "`state` must be retained, so that who asks later hears it too: set the retain flag on it.",
            zh: "state 必须保留，后来的订阅者才能得知：请设置 retain 标志。",
          }),
        );
      }
      return { seen: known.length, problems };
    },
  },
];

function quarantined(
  publishes: readonly Seen[],
  isOfRule: (code: string) => boolean,
): ReturnType<CheckRule["examine"]> {
  const problems = publishes.flatMap((seen): Problem[] => {
    const { parsed } = seen;
    if (parsed.verdict !== "quarantine" || !isOfRule(parsed.code)) return [];
    return [broken(`${shown(seen)}: ${parsed.detail.message}`, quarantineCodes[parsed.code])];
  });
  return { seen: publishes.filter(({ parsed }) => parsed.verdict !== "foreign_topic").length, problems };
}
