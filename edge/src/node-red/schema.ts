import { secret } from "@gengfu/shared/config/secret";
import { duration } from "@gengfu/shared/time/duration";
import { z } from "zod";

/** The part of `edge.yaml` for Node-RED, which is off without it. */
export const nodeRedSchema = z.strictObject({
  host: z
    .string()
    .min(1)
    .default("127.0.0.1")
    .describe("Address of the editor; on loopback it is reached through `ssh -L`. It speaks no TLS of its own."),
  port: z.int().min(0).max(65_535).default(1_880).describe("Port of the editor."),
  user: z.string().min(1).max(64).default("admin").describe("Who may sign on at the editor."),
  password: secret("The password at the editor."),
  memory_mebibytes: z
    .int()
    .min(128)
    .max(4_096)
    .default(256)
    .describe("What flows may hold in memory, MiB; beyond that Node-RED is ended and started again."),
  unresponsive_after: duration
    .pipe(z.number().min(2_000, "at least 2s"))
    .default(10_000)
    .describe("A flow that keeps Node-RED busy for so long is taken to be in an endless loop; 10s by default."),
  install_nodes: z
    .boolean()
    .default(false)
    .describe("Whether the editor may install further nodes, which run with the gateway's rights."),
  http_nodes: z
    .boolean()
    .default(false)
    .describe("Whether flows may answer HTTP requests (`http in`), below /endpoint of the editor's address."),
});
export type NodeRedConfig = z.output<typeof nodeRedSchema>;
