/**
 * `node edge/src/outputs/make-safe.ts --config edge.yaml`: sets the outputs as they are to stand while no gateway runs.
 * systemd runs it after the gateway's end, since one that was killed could not do so itself.
 */
import { parseArgs } from "node:util";
import { ConfigReader } from "@gengfu/shared/config/reader";
import { createLogger } from "@gengfu/shared/logging";
import { systemClock } from "@gengfu/shared/time/clock";
import { z } from "zod";
import { gpioSchema } from "../sources/gpio/schema.ts";
import { Troubles } from "../troubles.ts";
import { createOutputs } from "./create-outputs.ts";

const { values } = parseArgs({ options: { config: { type: "string", default: "edge.yaml" } } });
const reader = new ConfigReader();
// though the rest of the file be wrong
const config = reader.read(values.config, z.looseObject({ gpio: gpioSchema.optional() }));
reader.finish();
const logger = createLogger("make-safe");
const context = {
  troubles: new Troubles(),
  clock: systemClock,
  child: (component: string) => logger.child({ component }),
};
const outputs = createOutputs(config ?? {}, context);
await outputs.start();
process.exitCode = context.troubles.list().length > 0 ? 1 : 0;
await outputs.stop();
