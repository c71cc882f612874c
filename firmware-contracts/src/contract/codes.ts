import type { Text } from "@gengfu/shared/model/text";

/**
 * Why a payload was put into quarantine. Codes are stable: firmware may act on them. The texts say in a line what is
 * wrong and what to do; the message of the case names values.
 */
export const quarantineCodes = {
  unknown_kind: {
    zh: "主题最后一段不是约定的数据类型。请改用约定的类型。",
    en: "The topic's last part is no kind of the contract. Publish on one of the kinds.",
  },
  invalid_state: {
    zh: "state 主题只接受 online 或 offline。",
    en: "On `state` only `online` or `offline` is said. Publish one of these two, without quotes.",
  },
  payload_too_large: {
    zh: "消息超过 64 KiB。请把数据拆成多条发送。",
    en: "The payload is larger than 64 KiB. Publish each reading by itself.",
  },
  not_utf8: {
    zh: "消息不是 UTF-8 编码。请以 UTF-8 发送。",
    en: "The payload is not UTF-8. Encode the text as UTF-8.",
  },
  not_json: {
    zh: "消息不是合法的 JSON。请检查引号、逗号、BOM 以及 NaN。",
    en: "The payload is not JSON. Look for quotes, commas, a byte order mark, NaN.",
  },
  not_an_object: {
    zh: '消息必须是一个 JSON 对象，例如 {"metres":1.5}。',
    en: 'The payload is JSON but not an object. Send one such as {"metres":1.5}.',
  },
  nested_too_deep: {
    zh: "消息嵌套过深(超过 16 层)。请去掉嵌套。",
    en: "Objects or lists stand within each other more than 16 deep. Send flat fields.",
  },
  duplicate_field: {
    zh: "同一字段出现了两次。请只保留一个。",
    en: "A field stands there twice, so that its value is in doubt. Send it once.",
  },
  invalid_field: {
    zh: "某个字段缺失、类型不对或超出范围。请按提示修正。",
    en: "A field is missing, of the wrong type or out of range. The message says what is allowed.",
  },
} as const satisfies Record<string, Text>;

export type QuarantineCode = keyof typeof quarantineCodes;
