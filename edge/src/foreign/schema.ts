import { secret } from "@gengfu/shared/config/secret";
import { identifier } from "@gengfu/shared/model/identifier";
import { z } from "zod";
import { mapping, valueChoice } from "./mapping-schema.ts";
import { presetNames } from "./presets/presets.ts";

const filter = z
  .string()
  .min(1)
  .max(256)
  .refine((text) => /^(?:[^+#]+|\+)(?:\/(?:[^+#/]*|\+))*(?:\/#)?$|^#$/.test(text), "an MQTT topic filter")
  .refine((text) => !/^gengfu(?:\/|$)/.test(text), "a filter outside of gengfu/, which is our own devices'");

const claim = z.union([
  identifier,
  z.strictObject({
    device: identifier.describe("The device of the site file."),
    values: z
      .record(z.string().min(1).max(64), valueChoice)
      .default({})
      .describe("By a value's name: its channel (- for none), false to leave it, or what it is in full."),
  }),
]);

const bridge = z
  .strictObject({
    id: identifier.describe("Name of the bridge, or group of devices; with it they sign on at the gateway's broker."),
    secret: secret("The password of that user; with `broker`, the gateway's own there.").optional(),
    broker: z
      .strictObject({
        url: z.url({ protocol: /^mqtts?$/ }).describe("mqtt://HOST:PORT, or mqtts://."),
        user: z.string().max(256).optional().describe("The gateway's user name there."),
        ca: secret("The certificate authority of that broker, PEM; those of the system by default.").optional(),
      })
      .optional()
      .describe("A broker of the site that the gateway fetches from, instead of waiting for a sign-on."),
    preset: z.enum(presetNames).optional().describe("Mappings that are there already."),
    base: z
      .string()
      .max(128)
      .optional()
      .describe("What the preset's topics begin with; zigbee2mqtt for that, nothing for the others by default."),
    topics: z
      .array(filter)
      .min(1)
      .max(32)
      .optional()
      .describe("Topics that it may use, or that are subscribed to; those of the preset by default."),
    mappings: z.array(mapping).max(64).default([]).describe("Mappings of one's own; they go before the preset's."),
    devices: z
      .record(z.string().min(1).max(128), claim)
      .refine((claims) => !Object.keys(claims).some((name) => /^\d{15,}$/.test(name)), {
        error: 'names in quotes where they look like numbers: "0x00158d0001a2b3c4"',
      })
      .default({})
      .describe("By the name that the bridge has for it: the device of the site file, or more about it."),
    retained: z
      .enum(["ignore", "take"])
      .default("ignore")
      .describe("What becomes of old values that `broker` kept and hands over at the start."),
  })
  .superRefine(({ secret: password, broker, preset, topics, mappings }, context) => {
    const reject = (path: string, message: string): void => context.addIssue({ code: "custom", path: [path], message });
    if (broker === undefined && password === undefined) reject("secret", "the password with which the bridge signs on");
    if (preset === undefined && topics === undefined && mappings.length === 0) {
      reject("preset", `a preset (${presetNames.join(", ")}), or topics and mappings of one's own`);
    }
  });
export type BridgeConfig = z.output<typeof bridge>;

/** The part of `edge.yaml` for devices that speak MQTT in a way of their own. */
export const foreignSchema = z
  .array(bridge)
  .max(64)
  .superRefine((bridges, context) => {
    const seen = new Set<string>();
    bridges.forEach(({ id }, index) => {
      if (seen.has(id))
        context.addIssue({ code: "custom", path: [index, "id"], message: "an id that no other bridge has" });
      seen.add(id);
    });
  });
