import { isLoopback } from "@gengfu/shared/config/listen";
import { secret } from "@gengfu/shared/config/secret";
import { duration } from "@gengfu/shared/time/duration";
import { z } from "zod";

/** The part of `edge.yaml` that says where the cloud is. */
export const uplinkSchema = z
  .strictObject({
    url: z
      .url({ protocol: /^mqtts?$/, error: "an address such as mqtts://cloud.example:8884" })
      .describe("Address of the cloud's uplink broker: mqtts://HOST:PORT, or mqtt:// on loopback."),
    secret: secret("The gateway's password at the cloud; by default the one that the site file gives it.").optional(),
    ca: z
      .string()
      .min(1)
      .optional()
      .describe("Certificate authority of the cloud, PEM, as file:PATH; without it those of the system."),
    plaintext: z
      .boolean()
      .default(false)
      .describe(
        "Allows mqtt:// beyond loopback: only on a wire of your own, since the secret is then sent in the clear.",
      ),
    linger: duration
      .default(100)
      .describe("How long samples wait for others to share a batch with; 100ms by default. Events never wait."),
    backlog_rate: z
      .number()
      .nonnegative()
      .max(1_000_000)
      .default(0)
      .describe(
        "Readings a second of what gathered while the cloud was away; 0, the default: as fast as the line takes them. " +
          "What is new goes before them either way.",
      ),
    // a fire signal must be at the centre within 10 s, also where a line is dead and nobody says so
    acknowledge_timeout: duration
      .default(8_000)
      .describe("A link on which the cloud acknowledges nothing for so long is torn down; 8s by default."),
    heartbeat: duration.default(10_000).describe("How often the gateway tells its state; 10s by default."),
  })
  .superRefine(({ url, plaintext }, context) => {
    const address = URL.parse(url);
    if (address?.protocol !== "mqtt:" || plaintext) return;
    if (isLoopback(address.hostname.replace(/^\[(.*)\]$/, "$1"))) return;
    context.addIssue({
      code: "custom",
      path: ["url"],
      message: "mqtts:// beyond loopback; or say `plaintext: true` if the wire is your own",
    });
  });

export type UplinkConfig = z.output<typeof uplinkSchema>;
