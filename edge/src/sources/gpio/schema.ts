import { identifier } from "@gengfu/shared/model/identifier";
import { duration } from "@gengfu/shared/time/duration";
import { z } from "zod";

const line = z.strictObject({
  chip: z
    .string()
    .min(1)
    .max(64)
    .default("pinctrl-bcm2835")
    .describe("Label of the GPIO chip; pinctrl-bcm2835 up to the Raspberry Pi 4, pinctrl-rp1 on the 5."),
  offset: z.int().min(0).max(1_023).describe("Number of the line on its chip; on a Raspberry Pi the BCM number."),
  device: identifier.describe("The device of the site file whose reading it is."),
  kind: z.enum(["contact", "count"]).default("contact").describe("A contact's state, or a count of its closings."),
  channel: identifier.optional().describe("Which of several of the device's contacts."),
  active_low: z
    .boolean()
    .default(false)
    .describe("Set where the contact pulls the line low when it closes, as with a pull-up."),
  normally: z
    .enum(["open", "closed"])
    .default("open")
    .describe("How the contact stands when nothing is the matter. One that is normally closed signals by opening."),
  debounce: duration.default(20).describe("A change counts once the line has been still for so long; 20ms by default."),
  repeat: duration
    .default(60_000)
    .describe("How often the state is told though nothing changes, so that silence means a fault; 1m by default."),
});
export type GpioLineConfig = z.output<typeof line>;

/** The part of `edge.yaml` for contacts that are wired to the gateway's own lines. */
export const gpioSchema = z
  .strictObject({ lines: z.array(line).min(1).max(256).describe("The lines that are wired.") })
  .superRefine(({ lines }, context) => {
    const wires = new Map<string, number>();
    const meanings = new Map<string, number>();
    lines.forEach(({ chip, offset, device, kind, channel }, index) => {
      const wire = wires.get(`${chip}/${offset}`);
      const meaning = meanings.get(`${device}/${kind}/${channel}`);
      const reject = (path: string, message: string): void =>
        context.addIssue({ code: "custom", path: ["lines", index, path], message });
      if (wire !== undefined) reject("offset", `a line that lines[${wire}] does not have`);
      if (meaning !== undefined) reject("channel", `a channel of the device that lines[${meaning}] does not have`);
      wires.set(`${chip}/${offset}`, index);
      meanings.set(`${device}/${kind}/${channel}`, index);
    });
  });
export type GpioConfig = z.output<typeof gpioSchema>;
