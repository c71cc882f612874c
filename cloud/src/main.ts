import { join } from "node:path";
import { ConfigReader } from "@gengfu/shared/config/reader";
import { runService } from "@gengfu/shared/service";
import { systemClock } from "@gengfu/shared/time/clock";
import { readCloudConfig, type CloudSetup } from "./config.ts";

const consoleRoot = join(import.meta.dirname, "..", "web", "dist");

await runService({
  name: "cloud",
  usage: `The cloud of Gengfu: takes in what gateways bring, watches over it, tells people and answers the console.

  npm run cloud -- --config FILE [--check]

  --config FILE  the cloud's configuration; docs/configuration.md describes all of it, cloud/cloud.example.yaml is a sample
  --check        say whether it and the sites' files that it names are right, and start nothing
  --help         this text
`,
  read: readSetup,
  summary: ({ sites }) => sites.map(({ id }) => id).join(", "),
  async start(setup, logger, stack) {
    // what only looks at the configuration need not load the rest
    const { startCloud } = await import("./cloud.ts");
    return startCloud({ setup, consoleRoot, clock: systemClock, logger, random: Math.random }, stack);
  },
});

function readSetup(file: string): CloudSetup {
  const reader = new ConfigReader();
  const setup = readCloudConfig(reader, file);
  reader.finish();
  if (setup === undefined) throw new Error(`nothing was read from ${file}`);
  return setup;
}
