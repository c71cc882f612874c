import { z } from "zod";
import { duration } from "../time/duration.ts";
import { identifier } from "./identifier.ts";

/** Kinds that have a scale, so that limits and changes can be told of them. */
export const measuredKinds = ["level", "temperature", "pressure"] as const;

const kind = z.enum(measuredKinds);
const series = {
  device: identifier.optional().describe("The device; without it, every device that reports the kind."),
  channel: identifier.optional().describe("The channel; without it, every channel."),
};
const times = z.int().min(2).max(100);

/** Conditions on the value that a series has now. */
const valueVariants = [
  z.strictObject({
    type: z.literal("contact"),
    ...series,
    closed: z.boolean().default(true).describe("Fires while the contact is closed (true) or open (false)."),
  }),
  z.strictObject({
    type: z.literal("above"),
    kind,
    ...series,
    limit: z.number().describe("Fires above this value, in the kind's unit."),
    clear: z.number().optional().describe("Clears below this value; `limit` by default."),
  }),
  z.strictObject({
    type: z.literal("below"),
    kind,
    ...series,
    limit: z.number().describe("Fires below this value, in the kind's unit."),
    clear: z.number().optional().describe("Clears above this value; `limit` by default."),
  }),
  z.strictObject({
    type: z.literal("range"),
    kind,
    ...series,
    low: z.number().describe("Fires below this value, in the kind's unit."),
    high: z.number().describe("Fires above this value."),
    margin: z
      .number()
      .min(0)
      .default(0)
      .describe("Clears when the value is inside the range by more than this; at once by default."),
  }),
] as const;

const change = {
  kind,
  ...series,
  by: z.number().gt(0).describe("Fires when it does so by more than this, in the kind's unit,"),
  within: duration.describe("within so long (exact to a sixtieth of it)."),
  clear: z
    .number()
    .min(0)
    .optional()
    .describe("Clears when the change within that time is less than this; `by` by default."),
  gap: duration
    .optional()
    .describe("A longer pause between two readings ends what is known: no verdict goes over it; `within` by default."),
};

/** Conditions on what a series has done of late. */
const historyVariants = [
  z
    .strictObject({ type: z.literal("falls"), ...change })
    .describe("Such as a tank that leaks, a boiler whose flame is out."),
  z.strictObject({ type: z.literal("rises"), ...change }),
  z.strictObject({
    type: z.literal("count"),
    ...series,
    closed: z.boolean().default(true).describe("Counts closings (true) or openings (false) of a contact."),
    times: times.describe("Fires when there were so many of them"),
    within: duration.describe("within so long; clears when there are fewer."),
  }),
  z.strictObject({
    type: z.literal("chatter"),
    ...series,
    times: times.describe("Fires when a contact changed so many times"),
    within: duration.describe("within so long; clears when it did less."),
  }),
] as const;

/** A condition on readings; by reference, so that documents tell of it once. */
export const signal = z.lazy((): z.ZodType<Signal> => wholeSignal);

const compositions = [
  z.strictObject({
    type: z.literal("all"),
    of: z
      .array(signal)
      .min(2)
      .max(16)
      .describe("Conditions as `when` has them, but for silence: fires while all of them hold."),
  }),
  z.strictObject({
    type: z.literal("any"),
    of: z.array(signal).min(2).max(16).describe("Fires while one of them holds."),
  }),
  z.strictObject({
    type: z.literal("not"),
    of: signal.describe("Fires while this condition does not hold; of what was never heard nothing is known."),
  }),
] as const;

const silenceVariants = [
  z.strictObject({
    type: z.literal("series_silent"),
    kind: z.enum([...measuredKinds, "contact", "count"]),
    ...series,
    after: duration.describe(
      "Fires when nothing of a series that the site file lists came for so long, while its gateway is heard.",
    ),
  }),
  z.strictObject({
    type: z.literal("device_silent"),
    device: identifier.optional().describe("The device; without it, every device of the site."),
    after: duration.describe("Fires when nothing came from the device for so long, while its gateway is heard."),
  }),
  z.strictObject({
    type: z.literal("gateway_silent"),
    after: duration.describe("Fires when nothing came from a gateway for so long."),
  }),
] as const;

/** A condition on one series at a time. */
export type Leaf = z.output<(typeof valueVariants)[number]> | z.output<(typeof historyVariants)[number]>;
/** A condition on readings, which others may be made of. */
export type Signal =
  | Leaf
  | { readonly type: "all"; readonly of: readonly Signal[] }
  | { readonly type: "any"; readonly of: readonly Signal[] }
  | { readonly type: "not"; readonly of: Signal };

const wholeSignal = z
  .discriminatedUnion("type", [...valueVariants, ...historyVariants, ...compositions])
  .superRefine(checkLimits);

/** What makes a rule fire, one variant for each way of looking at series. */
export const condition = z
  .discriminatedUnion("type", [...valueVariants, ...historyVariants, ...compositions, ...silenceVariants])
  .superRefine(checkLimits);
export type Condition = z.output<typeof condition>;
export type Silence = Extract<Condition, { type: (typeof silenceVariants)[number]["shape"]["type"]["value"] }>;

/** The conditions on one series that a condition is made of, in order. */
export function leavesOf(when: Condition | Signal): Leaf[] {
  switch (when.type) {
    case "all":
    case "any":
      return when.of.flatMap(leavesOf);
    case "not":
      return leavesOf(when.of);
    case "series_silent":
    case "device_silent":
    case "gateway_silent":
      return [];
    default:
      return [when];
  }
}

function checkLimits(when: Condition | Signal, context: z.RefinementCtx): void {
  const reject = (key: string, message: string): void => context.addIssue({ code: "custom", path: [key], message });
  switch (when.type) {
    case "above":
      if ((when.clear ?? when.limit) > when.limit) reject("clear", "a value at or below `limit`");
      return;
    case "below":
      if ((when.clear ?? when.limit) < when.limit) reject("clear", "a value at or above `limit`");
      return;
    case "range":
      if (when.low >= when.high) reject("high", "a value above `low`");
      else if (when.margin * 2 >= when.high - when.low) reject("margin", "less than half of the range");
      return;
    case "falls":
    case "rises":
      if ((when.clear ?? when.by) > when.by) reject("clear", "a value at or below `by`");
      if (when.within === 0) reject("within", "longer than nothing");
      return;
    default:
  }
}
