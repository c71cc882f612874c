import type { DeviceKind } from "@gengfu/shared/model/reading";
import { z } from "zod";
import { messageOf } from "@gengfu/shared/errors";
import { quarantineCodes, type QuarantineCode } from "./codes.ts";
import { channelPattern, counter, ranges, textPattern, textSchema, uidPattern, type Range } from "./limits.ts";

/**
 * The payloads of every kind. Each field's `error` says what is allowed, whatever the mistake was. Fields that stand
 * here nowhere are tolerated and ignored, since firmware moves on before the gateway does.
 */
function number(range: Range, unit: string, description: string): z.ZodNumber {
  const error = `a number from ${range.min} to ${range.max} (${unit})`;
  return z
    .number({ error })
    .min(range.min, { error })
    .max(range.max, { error })
    .describe(`${description} Unit: ${unit}.`);
}

function integer(description: string): z.ZodInt {
  const error = `a whole number from ${counter.min} to ${counter.max}`;
  return z.int({ error }).min(counter.min, { error }).max(counter.max, { error }).describe(description);
}

function pattern(regex: RegExp, error: string, description: string): z.ZodString {
  return z.string({ error }).regex(regex, { error }).describe(description);
}

const uid = (description: string): z.ZodString => pattern(uidPattern, "a UID in hex, 4 to 10 bytes", description);
const plainText = (description: string): z.ZodString =>
  pattern(textPattern, "a text of 1 to 64 characters without control characters", description).meta(textSchema);

const common = {
  seq: integer("Counts the device's publishes within a boot. With `boot` it makes repeats known.").optional(),
  boot: integer("Counts the device's boots, or any number that is new after each.").optional(),
  at: number(
    ranges.at,
    "ms since 1970-01-01 UTC",
    "When it was measured; only from a device with a trusted clock.",
  ).optional(),
  age: number(ranges.age, "ms", "How long ago it was measured; for a device that kept the reading back.").optional(),
  channel: pattern(
    channelPattern,
    "1 to 64 letters, digits, - or _, beginning and ending with a letter or digit",
    "Which of several of a kind, as the site file names it.",
  ).optional(),
};

/** A rule between fields; it is checked although single fields are mistaken, so that all is named at once. */
interface CrossRule {
  readonly path: string;
  readonly allowed: string;
  readonly holds: (fields: Readonly<Record<string, unknown>>) => boolean;
  /** The same in JSON Schema. */
  readonly schema: Record<string, unknown>;
}

const oneTime: CrossRule = {
  path: "age",
  allowed: "either `at` or `age`, not both",
  holds: ({ at, age }) => at === undefined || age === undefined,
  schema: { not: { required: ["at", "age"] } },
};

function payload<Shape extends z.ZodRawShape>(description: string, shape: Shape, ...rules: CrossRule[]) {
  const all = [oneTime, ...rules];
  return all
    .reduce(
      (schema, { holds, path, allowed }) =>
        schema.refine(holds, { path: [path], error: allowed, when: ({ value }) => isFields(value) }),
      z.object({ ...common, ...shape }),
    )
    .meta({ description, ...Object.assign({}, ...all.map(({ schema }) => schema)) });
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

export const payloads = {
  tap: payload(
    "A card or tag was held to a reader. A fixed reader reads the guard's `card`; a carried one reads the `tag` of the place.",
    {
      card: uid("UID of the card that was held to a fixed reader.").optional(),
      tag: uid("UID of the tag that a carried reader was held to.").optional(),
      guard: plainText("Who carries the reader: the person's id in the site file. Only with `tag`.").optional(),
    },
    {
      path: "card",
      allowed: "exactly one of `card` and `tag`",
      holds: ({ card, tag }) => (card === undefined) !== (tag === undefined),
      schema: { oneOf: [{ required: ["card"] }, { required: ["tag"] }] },
    },
    {
      path: "guard",
      allowed: "`guard` only beside `tag`",
      holds: ({ guard, tag }) => guard === undefined || tag !== undefined,
      schema: { dependentRequired: { guard: ["tag"] } },
    },
  ),
  level: payload("The level of a tank or pond.", {
    metres: number(ranges.metres, "m", "Height of the water over the bottom."),
  }),
  temperature: payload("A temperature.", { celsius: number(ranges.celsius, "degC", "The temperature.") }),
  pressure: payload("A pressure.", {
    kilopascals: number(ranges.kilopascals, "kPa", "Pressure over the air's (gauge)."),
  }),
  contact: payload("A dry contact, sent when it changes and, as a sign of life, from time to time.", {
    closed: z.boolean({ error: "true or false" }).describe("Whether the contact is closed."),
  }),
  count: payload("A counter of pulses.", {
    total: integer("Pulses since the device booted; it never goes down within a boot."),
  }),
  status: payload("The device's own health.", {
    battery_volts: number(ranges.battery_volts, "V", "Voltage of the battery.").optional(),
    rssi_dbm: number(ranges.rssi_dbm, "dBm", "Strength of the radio signal.").optional(),
    uptime_seconds: number(ranges.uptime_seconds, "s", "Time since the device booted.").optional(),
    firmware: plainText("Version of the firmware.").optional(),
  }),
} as const satisfies Record<DeviceKind, z.ZodType>;

export type Payloads = { readonly [K in DeviceKind]: z.output<(typeof payloads)[K]> };

/** What the edge answers on `gengfu/v1/<device>/error`. */
export const errorAnswer = z
  .object({
    code: z
      .enum(Object.keys(quarantineCodes) as [QuarantineCode, ...QuarantineCode[]])
      .describe("What is wrong; stable."),
    message: z.string().describe("Every mistake: where, what was found, what is allowed. For people; it may change."),
    path: z.string().describe("The first mistaken field; empty where it is the payload or topic as a whole."),
  })
  .meta({ description: "The edge's answer to a payload that breaks the contract." });
export type ErrorAnswer = z.output<typeof errorAnswer>;

/** What becomes of a tap. */
export const tapResults = ["accepted", "unknown_card", "not_stored"] as const;
export type TapResult = (typeof tapResults)[number];

/** What the edge answers a tap on `gengfu/v1/<device>/feedback`. */
export const tapAnswer = z
  .object({
    result: z
      .enum(tapResults)
      .describe(
        "accepted: on the gateway's disk, and the site knows the card or tag. unknown_card: on the disk, but the site " +
          "knows it not. not_stored: not on the disk, and perhaps never; it may be followed by one of the others.",
      ),
    card: z.string().optional().describe("UID of the card, upper-case hex."),
    tag: z.string().optional().describe("UID of the tag, upper-case hex, in place of `card` where that was sent."),
    guard: z.string().optional().describe("Id of the person who tapped, where that is known."),
    guard_name: z.string().optional().describe("The person's name, for a display."),
    repeat: z
      .boolean()
      .optional()
      .describe("Set where the tap was known already: the card was still there, or it was sent again."),
  })
  .meta({ description: "The edge's answer to a tap, for whoever stands at the reader." });
export type TapAnswerPayload = z.output<typeof tapAnswer>;

/** The answer as it stands in the payload of a publish. */
export const errorAnswerText = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch (error) {
      context.addIssue({ code: "custom", message: messageOf(error) });
      return z.NEVER;
    }
  })
  .pipe(errorAnswer);
