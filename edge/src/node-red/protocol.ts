import type { GatewayAlert } from "@gengfu/shared/uplink-protocol";
import type { Reading } from "@gengfu/shared/model/reading";
import { z } from "zod";

/** What Node-RED says to the gateway, over the channel between the two processes. Flows can't be trusted to keep to it. */
export const fromNodeRed = z.discriminatedUnion("type", [
  /** The flows run; `safe` where they were not started. */
  z.object({ type: z.literal("started") }),
  z.object({ type: z.literal("pong"), n: z.int() }),
  /** Which readings the flows want, anew with each change of them. */
  z.object({
    type: z.literal("wanted"),
    readings: z.array(z.object({ device: z.string().max(64), kind: z.string().max(32) })).max(1_000),
    alerts: z.boolean(),
  }),
  z.object({
    type: z.literal("deliver"),
    id: z.int(),
    device: z.string().max(64),
    kind: z.string().max(32),
    /** As a device would send it. */
    payload: z.string().max(70_000),
  }),
  z.object({ type: z.literal("log"), level: z.enum(["info", "warn", "error"]), message: z.string().max(2_000) }),
]);
export type FromNodeRed = z.output<typeof fromNodeRed>;

export type ToNodeRed =
  | { readonly type: "ping"; readonly n: number }
  | { readonly type: "reading"; readonly reading: NodeRedReading }
  | { readonly type: "alert"; readonly alert: GatewayAlert }
  /** The answer to a `deliver`: null once it is on the disk, else why it was refused. */
  | { readonly type: "delivered"; readonly id: number; readonly refusal: string | null };

export type NodeRedReading = Pick<Reading, "device" | "kind" | "channel" | "at" | "value" | "detail">;

/** What `settings.ts` needs to know, handed over in the variable `environmentName` of the process. */
export interface NodeRedSettings {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** SHA-256 of the password with `salt` before it, hex: a flow can read its process's environment. */
  readonly password: string;
  readonly salt: string;
  readonly credentialSecret: string;
  readonly userDir: string;
  readonly nodesDir: string;
  readonly installNodes: boolean;
  readonly httpNodes: boolean;
}
export const environmentName = "GENGFU_NODE_RED";
