/**
 * A process with one output, which it switches on: `siren.ts DRIVER`. Told to end it stops it in good order; told to
 * crash it ends as a bug would end it.
 */
import { silentLogger } from "@gengfu/shared/logging";
import { systemClock } from "@gengfu/shared/time/clock";
import { createOutputs } from "../../../edge/src/outputs/create-outputs.ts";
import { gpioSchema } from "../../../edge/src/sources/gpio/schema.ts";
import { Troubles } from "../../../edge/src/troubles.ts";

const gpio = gpioSchema.parse({ driver: process.argv[2], outputs: [{ name: "siren", offset: 5 }] });
const context = { troubles: new Troubles(), clock: systemClock, child: () => silentLogger };
const running = createOutputs({ gpio }, context);
await running.start();
await running.outputs.get("siren")?.set(true);
process.once("SIGTERM", () => void running.stop().then(() => process.exit(0)));
process.once("message", () => process.exit(1));
process.send?.({ troubles: context.troubles.list() });
