import { secret } from "@gengfu/shared/config/secret";
import { duration } from "@gengfu/shared/time/duration";
import { expect, test } from "vitest";
import { z } from "zod";
import { settingsTable } from "./settings-table.ts";

const schema = z.strictObject({
  port: z.int().min(0).max(65_535).default(1883).describe("The port."),
  wait: duration.default(90_000).describe("How long."),
  password: secret("The password."),
  tls: z.strictObject({ key: z.string().optional().describe("The | key.") }).optional(),
  sinks: z
    .array(
      z.discriminatedUnion("type", [
        z.strictObject({ type: z.literal("mail"), to: z.string() }),
        z.strictObject({ type: z.literal("web"), url: z.string() }),
      ]),
    )
    .default([]),
});

test("every setting has its row, with what may stand there", () => {
  expect(settingsTable(schema).split("\n")).toEqual([
    "| setting | type | default | meaning |",
    "| --- | --- | --- | --- |",
    "| `port` | whole number, 0 to 65535 | `1883` | The port. |",
    "| `wait` | duration | `90s` | How long. |",
    "| `password` | text | required | The password. A secret: give it as file:PATH or ${NAME}. |",
    "| `tls` | mapping | none |  |",
    "| `tls.key` | text | none | The \\| key. |",
    "| `sinks` | list | none |  |",
    "| `sinks[].type` | `mail` |  |  |",
    "| `sinks[].to` | text | required |  |",
    "| `sinks[].type` | `web` |  |  |",
    "| `sinks[].url` | text | required |  |",
  ]);
});
