import { identifier } from "@gengfu/shared/model/identifier";
import type { Text } from "@gengfu/shared/model/text";
import { duration } from "@gengfu/shared/time/duration";
import { z } from "zod";

/** What a fire panel's contacts say while they signal. */
export const meanings = {
  fire: { zh: "火警", en: "fire" },
  fault: { zh: "故障", en: "fault" },
  disabled: { zh: "屏蔽", en: "disabled" },
  supervisory: { zh: "监管", en: "supervisory" },
  mains: { zh: "主电故障", en: "mains fault" },
  battery: { zh: "备电故障", en: "battery fault" },
  mode: { zh: "手动状态", en: "manual mode" },
} as const satisfies Readonly<Record<string, Text>>;
export type Meaning = keyof typeof meanings;

const wire = {
  chip: z
    .string()
    .min(1)
    .max(64)
    .default("pinctrl-bcm2835")
    .describe(
      "Label of the GPIO chip, as gpiodetect shows it: pinctrl-bcm2835 up to the Raspberry Pi 3, pinctrl-bcm2711 on " +
        "the 4, pinctrl-rp1 on the 5.",
    ),
  offset: z.int().min(0).max(1_023).describe("Number of the line on its chip; on a Raspberry Pi the BCM number."),
};

const line = z
  .strictObject({
    ...wire,
    device: identifier.describe("The device of the site file whose reading it is."),
    kind: z.enum(["contact", "count"]).default("contact").describe("A contact's state, or a count of its pulses."),
    meaning: z
      .enum(Object.keys(meanings) as [Meaning, ...Meaning[]])
      .optional()
      .describe("What a fire panel says by this contact; mode signals while the panel is in manual."),
    channel: identifier
      .optional()
      .describe("Which of several of the device's contacts or counters; where there is a meaning, that by default."),
    active_low: z
      .boolean()
      .default(false)
      .describe("Set where the contact pulls the line low when it closes, as with a pull-up."),
    normally: z
      .enum(["open", "closed"])
      .default("open")
      .describe("How the contact stands when nothing is the matter. One that is normally closed signals by opening."),
    debounce: duration
      .default(20)
      .describe("A change counts once the line has been still for so long; 20ms by default."),
    repeat: duration
      .default(60_000)
      .describe("How often the state is told though nothing changes, so that silence means a fault; 1m by default."),
    chatter_per_minute: z
      .int()
      .min(2)
      .max(1_000_000)
      .optional()
      .describe(
        "Above so many changes a minute it counts as chattering and is told less often; 60 for a contact, no limit for a count.",
      ),
    stuck_after: duration
      .optional()
      .describe("Without a change for so long something is wrong with what is wired; not looked after by default."),
  })
  .refine(({ kind, meaning }) => kind === "contact" || meaning === undefined, {
    path: ["meaning"],
    message: "no meaning, since it counts",
  })
  .transform((wired) => ({ ...wired, channel: wired.channel ?? wired.meaning }));
export type GpioLineConfig = z.output<typeof line>;

const output = z.strictObject({
  name: identifier.describe("What alarms and readers call it, such as siren."),
  ...wire,
  active_low: z
    .boolean()
    .default(false)
    .describe("Set where it is on while the line is low, as with most relay boards."),
  safe: z
    .enum(["off", "on"])
    .default("off")
    .describe("How it stands from the start until someone switches it, and again after the end."),
});
export type GpioOutputConfig = z.output<typeof output>;

export const driverNames = ["auto", "sysfs", "cdev"] as const;
export type DriverName = (typeof driverNames)[number];

/** The part of `edge.yaml` for what is wired to the gateway's own lines. */
export const gpioSchema = z
  .strictObject({
    driver: z
      .enum(driverNames)
      .default("auto")
      .describe(
        "The kernel's interface: sysfs by onoff, or cdev, the character device, by the tools of the package gpiod; " +
          "auto takes the first that is there.",
      ),
    lines: z.array(line).max(256).default([]).describe("The contacts and pulse outputs that are wired."),
    outputs: z.array(output).max(64).default([]).describe("What the gateway switches: sirens, beacons, relays, LEDs."),
  })
  .superRefine(({ lines, outputs }, context) => {
    const reject = (path: PropertyKey[], message: string): void => context.addIssue({ code: "custom", path, message });
    const taken = new Map<string, string>();
    const series = new Map<string, number>();
    const take = (section: string, index: number, { chip, offset }: { chip: string; offset: number }): void => {
      const holder = taken.get(`${chip}/${offset}`);
      if (holder !== undefined) reject([section, index, "offset"], `a line that ${holder} does not have`);
      taken.set(`${chip}/${offset}`, `${section}[${index}]`);
    };
    if (lines.length + outputs.length === 0) reject(["lines"], "a line or an output");
    lines.forEach((wired, index) => {
      const { device, kind, channel } = wired;
      take("lines", index, wired);
      const same = series.get(`${device}/${kind}/${channel}`);
      if (same !== undefined)
        reject(["lines", index, "channel"], `a channel of the device that lines[${same}] does not have`);
      series.set(`${device}/${kind}/${channel}`, index);
    });
    outputs.forEach((wired, index) => {
      take("outputs", index, wired);
      if (outputs.findIndex(({ name }) => name === wired.name) < index) {
        reject(["outputs", index, "name"], "a name that no other output has");
      }
    });
  });
export type GpioConfig = z.output<typeof gpioSchema>;
