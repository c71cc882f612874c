import { z } from "zod";
import { secret } from "../config/secret.ts";
import { duration } from "../time/duration.ts";
import { checkTransmission, transmissionDevice } from "./gb26875.ts";
import { identifier } from "./identifier.ts";
import { leavesOf } from "./condition.ts";
import { deviceKinds } from "./reading.ts";
import { checkRuleSeries } from "./rule-series.ts";
import { rule } from "./rule.ts";
import { calendar, timeOfDay, weekdays, workingHours } from "./schedule.ts";
import { tank } from "./tank.ts";
import { text } from "./text.ts";

/**
 * The site: what is there, who works there, what is watched. Edge and cloud read the same file. What differs by
 * installation (addresses, channels, stores) stands in `edge.yaml` and `cloud.yaml`.
 */
const weekday = z.enum(weekdays);
const card = z
  .string()
  .regex(/^[0-9A-Fa-f]{8,20}$/, "a card's UID in hex, 4 to 10 bytes")
  .transform((uid) => uid.toUpperCase());

const measure = z.strictObject({
  kind: z.enum(deviceKinds).describe("What is measured; also the topic's last part."),
  channel: identifier.optional().describe("Which of several of a kind, as the device names it."),
  name: text.optional().describe("What people call it."),
  min: z.number().optional().describe("Lower end of the scale that displays draw, in the kind's unit."),
  max: z.number().optional().describe("Upper end of the scale that displays draw, in the kind's unit."),
  tank: tank.optional().describe("Of a level, the shape of its tank, by which litres are told beside metres."),
});

const device = z.strictObject({
  id: identifier.describe("User name and topic of the device."),
  gateway: identifier.optional().describe("Which gateway it reports to; the site's first by default."),
  name: text,
  type: z
    .enum(["fire_panel", "tank", "boiler", "reader", "gate", "other"])
    .default("other")
    .describe("How displays show it."),
  secret: secret("The device's password at the broker; one without it does not sign on there itself.").optional(),
  measures: z.array(measure).min(1).describe("What it reports."),
  silent_after: duration
    .optional()
    .describe("Overrides, for this device, after how long without a message it counts as silent."),
});

const checkpoint = z
  .strictObject({
    id: identifier,
    name: text,
    device: identifier.optional().describe("The fixed reader that stands here."),
    tag: card.optional().describe("The tag that is mounted here, for readers that are carried."),
  })
  .refine((point) => (point.device === undefined) !== (point.tag === undefined), {
    message: "either `device` (a fixed reader) or `tag` (for carried readers)",
  });

const route = z.strictObject({
  id: identifier,
  name: text,
  checkpoints: z.array(identifier).min(1).describe("The checkpoints that a round must touch."),
  ordered: z.boolean().default(false).describe("Whether they must be touched in this order."),
  rounds: z
    .array(
      z.strictObject({
        days: z.array(weekday).min(1).describe("Weekdays on which the round starts."),
        start: timeOfDay.describe("When the window opens, by the site's clock."),
        end: timeOfDay.describe("When it closes; a time before `start` is on the next day."),
      }),
    )
    .min(1),
});

const person = z.strictObject({
  id: identifier,
  name: text,
  role: z.enum(["guard", "operator", "manager", "leader"]),
  card: card.optional().describe("UID of the person's patrol card."),
  phone: z
    .string()
    .regex(/^\+?\d{5,15}$/, "a phone number: 5 to 15 digits, + before a country code")
    .optional(),
});

/** How grave a finding is; the time that there is to put it right follows from it. */
export const grades = ["urgent", "serious", "ordinary"] as const;

const defect = z.strictObject({
  id: identifier,
  name: text.describe("What is wrong, as it stands in the rectification ledger."),
  card: card.describe("UID of the card, or tag, that stands for it."),
  grade: z.enum(grades).default("ordinary").describe("How grave it is; the due date follows from it."),
  responsible: identifier.optional().describe("Who sees to it, by id."),
});

export const site = z
  .strictObject({
    id: identifier,
    name: text,
    time_zone: z
      .string()
      .default("Asia/Shanghai")
      .refine(isTimeZone, { message: "a time zone's IANA name, such as Asia/Shanghai" })
      .describe("The zone in which times are shown and rounds are planned."),
    gateways: z
      .array(
        z
          .strictObject({
            id: identifier,
            name: text,
            secret: secret("The gateway's password at the cloud; not for one by `gb26875`.").optional(),
            gb26875: transmissionDevice
              .optional()
              .describe(
                "Of a user information transmission device (用户信息传输装置) by GB/T 26875.3, not one of ours.",
              ),
          })
          .refine(({ secret: password, gb26875 }) => (password === undefined) !== (gb26875 === undefined), {
            message: "either `secret` (a gateway of ours) or `gb26875` (a user information transmission device)",
          }),
      )
      .min(1),
    devices: z.array(device).min(1),
    checkpoints: z.array(checkpoint).default([]),
    routes: z.array(route).default([]),
    people: z.array(person).default([]),
    defects: z
      .array(defect)
      .default([])
      .describe("Defects that a guard reports by tapping the own card and then, at the same reader, the defect's."),
    on_call: z.array(identifier).default([]).describe("Who gets urgent messages, by id."),
    working_hours: workingHours.prefault({}).describe("When people work here, for rules that heed it."),
    calendar: calendar
      .optional()
      .describe("Holidays and shifted workdays, as a mapping or a YAML file: `file:holidays.yaml`."),
    rules: z.array(rule).default([]),
  })
  .superRefine((value, context) => {
    const reject = (path: PropertyKey[], message: string): void => context.addIssue({ code: "custom", path, message });
    for (const list of ["gateways", "devices", "checkpoints", "routes", "people", "defects", "rules"] as const) {
      const seen = new Set<string>();
      value[list].forEach(({ id }, index) => {
        if (seen.has(id)) reject([list, index, "id"], `an id that no other of the ${list} has`);
        seen.add(id);
      });
    }
    const ids = (list: readonly { id: string }[]): Set<string> => new Set(list.map(({ id }) => id));
    const gateways = ids(value.gateways);
    const devices = ids(value.devices);
    const checkpoints = ids(value.checkpoints);
    const people = ids(value.people);
    const oneOf = (known: Set<string>): string => `one of ${[...known].join(", ")}`;
    value.devices.forEach(({ gateway }, index) => {
      if (gateway !== undefined && !gateways.has(gateway)) reject(["devices", index, "gateway"], oneOf(gateways));
    });
    checkTransmission(value, reject);
    checkRuleSeries(value, reject);
    value.devices.forEach(({ measures }, index) => {
      measures.forEach((one, position) => {
        if (one.tank === undefined || one.kind === "level") return;
        reject(["devices", index, "measures", position, "tank"], "no tank, but of a level");
      });
    });
    value.checkpoints.forEach((point, index) => {
      if (point.device !== undefined && !devices.has(point.device)) {
        reject(["checkpoints", index, "device"], oneOf(devices));
      }
    });
    value.routes.forEach((plan, index) => {
      plan.checkpoints.forEach((id, position) => {
        if (!checkpoints.has(id)) reject(["routes", index, "checkpoints", position], oneOf(checkpoints));
      });
    });
    value.on_call.forEach((id, index) => {
      if (!people.has(id)) reject(["on_call", index], oneOf(people));
      else if (value.people.find((someone) => someone.id === id)?.phone === undefined) {
        reject(["on_call", index], "a person who has a phone");
      }
    });
    const cards = new Set([...value.people.map(({ card: own }) => own), ...value.checkpoints.map(({ tag }) => tag)]);
    value.defects.forEach(({ card: uid, responsible }, index) => {
      if (cards.has(uid)) reject(["defects", index, "card"], "a card that stands for nothing else");
      cards.add(uid);
      if (responsible !== undefined && !people.has(responsible)) {
        reject(["defects", index, "responsible"], oneOf(people));
      }
    });
    value.rules.forEach(({ when, unless = [] }, index) => {
      const isUnknown = (about: object): boolean =>
        "device" in about && typeof about.device === "string" && !devices.has(about.device);
      const parts = when.type === "all" || when.type === "any" || when.type === "not" ? leavesOf(when) : [];
      if (isUnknown(when)) reject(["rules", index, "when", "device"], oneOf(devices));
      if (parts.some(isUnknown)) reject(["rules", index, "when", "of"], `devices that are ${oneOf(devices)}`);
      if (unless.flatMap(leavesOf).some(isUnknown))
        reject(["rules", index, "unless"], `devices that are ${oneOf(devices)}`);
    });
  });

export type Site = z.output<typeof site>;
export type SiteDevice = Site["devices"][number];
export type Measure = SiteDevice["measures"][number];
export type Checkpoint = Site["checkpoints"][number];
export type Route = Site["routes"][number];
export type Person = Site["people"][number];

/** The gateway that a device reports to. */
export function gatewayOf(where: Site, what: SiteDevice): string {
  return what.gateway ?? (where.gateways[0] as { id: string }).id;
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
