import { z } from "zod";
import { identifier } from "./identifier.ts";

const byte = z.int().min(0).max(255);
const word = z.int().min(0).max(65_535);
const hexAddress = /^[0-9A-Fa-f]{2}(-[0-9A-Fa-f]{2}){5}$/;

/** The longest id of a gateway whose components are named automatically: `<gateway>-255-255-65535-65535`. */
const transmissionId_max = 40;

/** As the protocol sends it, low byte first: 6 bytes in hex, such as `79-03-00-00-00-00` for 889. */
export const transmissionAddress = z
  .union([
    z.int().min(0).max(0xff_ff_ff_ff_ff_ff),
    z.string().regex(hexAddress, "an address: a whole number, or 6 bytes in hex such as 79-03-00-00-00-00"),
  ])
  .transform((given) => {
    if (typeof given === "string") return given.toUpperCase();
    const bytes = given.toString(16).padStart(12, "0").toUpperCase().match(/../g) ?? [];
    return bytes.toReversed().join("-");
  });

const part = z
  .strictObject({
    system: byte.describe(
      "System type (系统类型), such as 1 for a fire alarm system, 11 for hydrants, 12 for sprinklers.",
    ),
    address: byte.optional().describe("System address (系统地址); without it every system of the type."),
    zone: word.optional().describe("Zone of a component (区号), the low two bytes of its address."),
    number: word.optional().describe("Number of a component (位号), the high two bytes of its address."),
    device: identifier.describe("The device of the site that it is."),
    channel: identifier
      .max(40)
      .optional()
      .describe(
        "Channel of its values, and what stands before those of its states; where a device is several components.",
      ),
    factor: z
      .number()
      .positive()
      .default(1)
      .describe("Multiplies its values, for components that don't keep to the standard's units."),
  })
  .refine(({ zone, number }) => (zone === undefined) === (number === undefined), {
    message: "`zone` and `number` of a component together, or neither for a system",
  });
export type TransmissionPart = z.output<typeof part>;

/** A user information transmission device (用户信息传输装置), which brings a fire panel by GB/T 26875.3. */
export const transmissionDevice = z.strictObject({
  address: transmissionAddress.describe(
    "Its own address as a whole number, or 6 bytes in hex as they are sent, low byte first.",
  ),
  device: identifier.describe("The device of the site that it is, and that answers for all that `parts` doesn't name."),
  parts: z
    .array(part)
    .max(10_000)
    .default([])
    .describe("Which device of the site a system or component behind it is; the more exact entry goes first."),
});
export type TransmissionDevice = z.output<typeof transmissionDevice>;

interface Behind {
  readonly gateways: readonly { readonly id: string; readonly gb26875?: TransmissionDevice | undefined }[];
  readonly devices: readonly { readonly id: string; readonly gateway?: string | undefined }[];
}

/** What the parts of a site's file must be to each other. */
export function checkTransmission(
  { gateways, devices }: Behind,
  reject: (path: PropertyKey[], message: string) => void,
): void {
  gateways.forEach(({ id, gb26875 }, index) => {
    if (gb26875 === undefined) return;
    const path = ["gateways", index, "gb26875"];
    const own = devices.filter((each) => (each.gateway ?? gateways[0]?.id) === id).map((each) => each.id);
    [gb26875, ...gb26875.parts].forEach(({ device }, place) => {
      if (own.includes(device)) return;
      const at = place === 0 ? ["device"] : ["parts", place - 1, "device"];
      reject([...path, ...at], `a device whose \`gateway\` is ${id}: ${own.join(", ")}`);
    });
    const { address } = gb26875;
    if (gateways.findIndex((other) => other.gb26875?.address === address) !== index) {
      reject([...path, "address"], "an address that no other gateway has");
    }
    if (id.length > transmissionId_max) reject(["gateways", index, "id"], `at most ${transmissionId_max} characters`);
  });
}
