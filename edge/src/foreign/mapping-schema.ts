import { identifier } from "@gengfu/shared/model/identifier";
import { deviceKinds } from "@gengfu/shared/model/reading";
import { z } from "zod";
import { patternProblem } from "./topic-pattern.ts";
import { unitNames, units } from "./units.ts";

/** What a value can be of: a kind of the contract, whether the device is there, or whether the whole bridge is. */
export const mappedKinds = [...deviceKinds, "state", "bridge"] as const;
export type MappedKind = (typeof mappedKinds)[number];

export const statusFields = ["battery_volts", "rssi_dbm", "uptime_seconds", "firmware"] as const;

/** How a value becomes the contract's. */
const conversion = {
  kind: z.enum(mappedKinds).optional().describe("Of which kind the value is."),
  field: z.enum(statusFields).optional().describe("Of kind `status`: which of its fields."),
  unit: z.enum(unitNames).optional().describe("The unit in which the value comes; the contract's by default."),
  scale: z.number().optional().describe("Factor, applied after the unit; 1 by default."),
  offset: z.number().optional().describe("Added at the end, in the contract's unit; 0 by default."),
  texts: z
    .record(z.string().max(64), z.boolean())
    .optional()
    .describe("Of a contact or state: further texts and what they mean, true for closed or online."),
  invert: z.boolean().optional().describe("Of a contact: whether true means open."),
};

/** "-" where the device has one of the kind, as in the API. */
const channel = z.union([z.literal("-"), identifier]);

function isUnitOfItsKind({ kind, unit }: { kind?: MappedKind | undefined; unit?: keyof typeof units | undefined }) {
  return kind === undefined || unit === undefined || units[unit].kind === kind;
}
const unitProblem = { path: ["unit"], error: "a unit of the kind" };

const path = z.string().max(256);

export const valueRule = z
  .strictObject({
    path: z
      .union([path, z.array(path).min(1).max(4)])
      .default("")
      .describe(
        "Where the value stands in the payload's JSON, such as AM2301.Temperature; {name} stands for any key. " +
          "Without it the payload as a whole is the value; of a list the first that is there.",
      ),
    name: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .describe("What the value is called under `devices`; the last key of its path, or of its topic, by default."),
    channel: channel.optional().describe("The device's channel, or - for none; found in the site file by default."),
    unit_path: path.optional().describe("Where the payload tells the unit."),
    beside: path.optional().describe("Only where this, too, stands in the payload."),
    several: z.boolean().default(false).describe("One of several of its kind: it needs a channel of its own name."),
    ...conversion,
  })
  .refine(isUnitOfItsKind, unitProblem);
export type ValueRule = z.output<typeof valueRule>;

export const mapping = z
  .strictObject({
    topic: z
      .string()
      .min(1)
      .max(256)
      .superRefine((source, context) => {
        const message = patternProblem(source);
        if (message !== undefined) context.addIssue({ code: "custom", message });
      })
      .describe("Topic with named parts: plant/{device}/{name}; {device*} may hold slashes, + is any one level."),
    device: identifier.optional().describe("The device of the site file, where the topic does not name it."),
    values: z
      .array(valueRule)
      .max(32)
      .default([])
      .describe("What is taken of the payload; nothing, where these topics are of no interest."),
    except: z.array(z.string()).max(32).default([]).describe("Values of {name} that are left out."),
    time: path.optional().describe("Where the time of measuring stands: ISO 8601 with its zone, or epoch (s or ms)."),
  })
  .refine(
    ({ topic, device, values }) =>
      values.length === 0 ||
      device !== undefined ||
      /\{device\*?\}/.test(topic) ||
      values.every(({ kind }) => kind === "bridge"),
    {
      path: ["topic"],
      error: "a topic with {device}, or `device` beside it",
    },
  );
export type Mapping = z.output<typeof mapping>;
export type MappingInput = z.input<typeof mapping>;

/** What a device's entry says of a value that the mappings find. */
export const valueChoice = z.union([
  z.literal(false),
  channel,
  z
    .strictObject({ channel: channel.optional().describe("The device's channel, or - for none."), ...conversion })
    .refine(isUnitOfItsKind, unitProblem),
]);
export type ValueChoice = z.output<typeof valueChoice>;
