import type { DeviceKind } from "@gengfu/shared/model/reading";

/** The last part of a device's topics that carries no reading. */
export type ServiceLeaf = "state" | "error" | "feedback";

const prefix = "gengfu/v1/";

/** `gengfu/v1/<device>/<leaf>`: a kind, `state` (device to edge, retained) or `error` or `feedback` (edge to device). */
export function deviceTopic(device: string, leaf: DeviceKind | ServiceLeaf): string {
  return `${prefix}${device}/${leaf}`;
}

/** What stands behind `gengfu/v1/<device>/`, or undefined where the topic is not this device's. */
export function leafOf(device: string, topic: string): string | undefined {
  const start = prefix.length + device.length + 1;
  if (topic.length <= start || !topic.startsWith(prefix)) return undefined;
  if (topic.charCodeAt(start - 1) !== 0x2f || !topic.startsWith(device, prefix.length)) return undefined;
  return topic.slice(start);
}

/** The parts of a topic of the contract's shape, or undefined where it has another. */
export function parseDeviceTopic(topic: string): { device: string; leaf: string } | undefined {
  if (!topic.startsWith(prefix)) return undefined;
  const end = topic.indexOf("/", prefix.length);
  if (end <= prefix.length || end === topic.length - 1) return undefined;
  return { device: topic.slice(prefix.length, end), leaf: topic.slice(end + 1) };
}
