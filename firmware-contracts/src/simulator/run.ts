import { once } from "node:events";
import { parseArgs } from "node:util";
import { readConfig } from "@gengfu/shared/config/reader";
import { createLogger } from "@gengfu/shared/logging";
import { site as siteSchema } from "@gengfu/shared/model/site";
import { systemClock } from "@gengfu/shared/time/clock";
import { numberArgument, UsageError } from "../arguments.ts";
import { Simulator } from "./simulator.ts";

export const simulateHelp = `Simulates the devices of a site: tanks, boiler, fire panel, readers with guards on their rounds, gate.

  --site FILE     the site file (needed)
  --broker URL    the edge's device broker (mqtt://127.0.0.1:1883)
  --speed N       how many times faster than real time, 0.1 to 600 (1)
  --seed N        another number, another course of things (1)

It goes on until Ctrl-C or SIGTERM. SIGUSR2 closes the fire panels' \`fire\` contact for 20 s.
A broker that isn't there yet, or goes away, is waited for.`;

const fire_ms = 20_000;

/** Runs the simulator until `signal` aborts. */
export async function simulate(args: readonly string[], signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      site: { type: "string" },
      broker: { type: "string", default: "mqtt://127.0.0.1:1883" },
      speed: { type: "string", default: "1" },
      seed: { type: "string", default: "1" },
    },
  });
  if (values.site === undefined)
    throw new UsageError("--site is missing: say which site file, such as deploy/demo/site.yaml");
  const site = readConfig(values.site, siteSchema);
  const logger = createLogger("simulator");
  const simulator = new Simulator({
    site,
    broker: brokerUrl(values.broker),
    speed: numberArgument("--speed", values.speed, 0.1, 600),
    seed: Math.floor(numberArgument("--seed", values.seed, 0, 2 ** 32 - 1)),
    clock: systemClock,
    logger,
  });
  const fire = (): void => {
    logger.info({ channel: "fire", duration_ms: fire_ms }, "contact closed on request");
    simulator.press("fire", fire_ms);
  };
  process.on("SIGUSR2", fire);
  logger.info({ site: site.id, devices: site.devices.length, broker: values.broker }, "simulator started");
  simulator.start();
  process.send?.({ ready: true });
  if (!signal.aborted) await once(signal, "abort");
  process.off("SIGUSR2", fire);
  await simulator.stop();
  logger.info(simulator.stats, "simulator stopped");
}

function brokerUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !["mqtt:", "mqtts:"].includes(url.protocol)) {
    throw new UsageError(`--broker: found ${text}, allowed: an address such as mqtt://127.0.0.1:1883`);
  }
  return text;
}
