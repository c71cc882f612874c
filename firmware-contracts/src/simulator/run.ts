import { once } from "node:events";
import { parseArgs } from "node:util";
import { readConfig } from "@gengfu/shared/config/reader";
import { createLogger } from "@gengfu/shared/logging";
import { site as siteSchema } from "@gengfu/shared/model/site";
import { pause, systemClock } from "@gengfu/shared/time/clock";
import { numberArgument, UsageError } from "../arguments.ts";
import { fleetFile, fleetSite, fleet_max } from "./fleet.ts";
import { isScenarioName, scenarios } from "./scenario.ts";
import { Simulator } from "./simulator.ts";

const names = Object.keys(scenarios).join(", ");

export const simulateHelp = `Simulates devices: tanks, boilers, fire panels, readers with guards on their rounds, gates.
模拟设备：水箱、锅炉、消防主机、巡更读卡器、安检门。

  --site FILE        the devices of a site file ...
  --devices N        ... or a fleet of so many, 1 to ${fleet_max}
  --scenario NAME    what goes wrong (calm), one of:
${Object.entries(scenarios)
  .map(([name, { title }]) => `                       ${name.padEnd(14)}${title.en} ${title.zh}`)
  .join("\n")}
  --broker URL       the edge's device broker (mqtt://127.0.0.1:1883)
  --speed N          how many times faster than real time, 0.1 to 600 (1)
  --seed N           another number, another course of things (1)
  --start HH:MM      the time of the day at the site when it begins (now)
  --seconds N        for how long, in real time (until it is stopped)
  --secret TEXT      the password of each device of a fleet (demo)
  --print-site       prints the site file of the fleet, for an edge, and ends

The same scenario, devices, seed, start and speed give the same readings in the same order.
It goes on until Ctrl-C or SIGTERM. SIGUSR2 closes the fire panels' \`fire\` contact for 20 s.
A broker that isn't there yet, or goes away, is waited for.`;

const fire_ms = 20_000;

/** Runs the simulator until `signal` aborts. */
export async function simulate(args: readonly string[], signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      site: { type: "string" },
      devices: { type: "string" },
      scenario: { type: "string", default: "calm" },
      broker: { type: "string", default: "mqtt://127.0.0.1:1883" },
      speed: { type: "string", default: "1" },
      seed: { type: "string", default: "1" },
      start: { type: "string" },
      seconds: { type: "string" },
      secret: { type: "string", default: "demo" },
      "print-site": { type: "boolean", default: false },
    },
  });
  const devices = values.devices === undefined ? 0 : numberArgument("--devices", values.devices, 1, fleet_max);
  if (values["print-site"]) {
    if (devices === 0) throw new UsageError("--print-site needs --devices: it prints the site file of a fleet");
    return console.log(JSON.stringify(fleetFile(devices, values.secret), null, 2));
  }
  if ((values.site === undefined) === (devices === 0)) {
    throw new UsageError(
      values.site === undefined
        ? "--site is missing: say which site file, such as deploy/demo/site.yaml, or how many devices: --devices N"
        : "either --site or --devices, not both",
    );
  }
  if (!isScenarioName(values.scenario)) {
    throw new UsageError(`--scenario: found ${values.scenario}, allowed: one of ${names}`);
  }
  const site = values.site === undefined ? fleetSite(devices, values.secret) : readConfig(values.site, siteSchema);
  const seconds = values.seconds === undefined ? undefined : numberArgument("--seconds", values.seconds, 0, 1e9);
  const logger = createLogger("simulator");
  const simulator = new Simulator({
    site,
    scenario: scenarios[values.scenario],
    broker: brokerUrl(values.broker),
    speed: numberArgument("--speed", values.speed, 0.1, 600),
    seed: Math.floor(numberArgument("--seed", values.seed, 0, 2 ** 32 - 1)),
    clock: systemClock,
    logger,
    ...(values.start === undefined ? {} : { began_ms: timeOfDayArgument(values.start) }),
  });
  const fire = (): void => {
    logger.info({ channel: "fire", duration_ms: fire_ms }, "contact closed on request");
    simulator.press("fire", fire_ms);
  };
  process.on("SIGUSR2", fire);
  const told = { site: site.id, devices: site.devices.length, scenario: values.scenario, broker: values.broker };
  logger.info(told, "simulator started");
  simulator.start();
  process.send?.({ ready: true });
  if (seconds !== undefined) await pause(systemClock, seconds * 1_000, signal);
  else if (!signal.aborted) await once(signal, "abort");
  process.off("SIGUSR2", fire);
  await simulator.stop();
  logger.info(simulator.stats, "simulator stopped");
}

function timeOfDayArgument(text: string): number {
  const [, hours, minutes] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  if (hours === undefined) throw new UsageError(`--start: found ${text}, allowed: a time of day such as 06:30`);
  return (Number(hours) * 60 + Number(minutes)) * 60_000;
}

function brokerUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !["mqtt:", "mqtts:"].includes(url.protocol)) {
    throw new UsageError(`--broker: found ${text}, allowed: an address such as mqtt://127.0.0.1:1883`);
  }
  return text;
}
