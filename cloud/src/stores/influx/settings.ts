import { z } from "zod";
import { secret } from "@gengfu/shared/config/secret";
import { duration } from "@gengfu/shared/time/duration";

const name = z.string().min(1).max(200);

/** How to reach InfluxDB: `database` for 1.x, `bucket` with `org` and `token` for 2.x and 3.x. */
export const influxSettings = z
  .strictObject({
    url: z.url({ protocol: /^https?$/ }).describe("Address of InfluxDB, such as http://influxdb:8086."),
    database: name.optional().describe("Database of a 1.x server; it is made where it lacks."),
    retention_policy: name.optional().describe("Retention policy of that database; its default one otherwise."),
    username: name.optional().describe("User of a 1.x server that asks for one."),
    password: secret("Password of that user.").optional(),
    bucket: name.optional().describe("Bucket of a 2.x server, database of a 3.x server."),
    org: name.optional().describe("Organisation of a 2.x server."),
    token: secret("Token of a 2.x or 3.x server.").optional(),
    unsure_for: duration
      .default(86_400_000)
      .describe(
        "How long readings of a gateway whose clock is wrong wait for its true time, at most, before they are written " +
          "as they are; 1d by default.",
      ),
    timeout: duration.default(10_000).describe("After how long without an answer a request counts as failed."),
  })
  .superRefine((settings, context) => {
    const reject = (path: string, message: string): void => context.addIssue({ code: "custom", path: [path], message });
    if ((settings.database === undefined) === (settings.bucket === undefined)) {
      reject("bucket", "either `database` (InfluxDB 1.x) or `bucket` (2.x and 3.x)");
    }
    if ((settings.username === undefined) !== (settings.password === undefined)) {
      reject("password", "`username` and `password` together, or neither");
    }
  });
export type InfluxSettings = z.output<typeof influxSettings>;
