import { runService } from "@gengfu/shared/service";
import { systemClock } from "@gengfu/shared/time/clock";
import { readEdgeConfig } from "./config.ts";

await runService({
  name: "edge",
  usage: `The edge of Gengfu: takes in what devices report, keeps it, and brings it to the cloud.

  npm run edge -- --config FILE [--check]

  --config FILE  the gateway's configuration; edge/edge.example.yaml shows all of it
  --check        say whether the configuration and the site file are right, and start nothing
  --help         this text
`,
  read: (file) => readEdgeConfig(file),
  summary: ({ gateway, devices }) => `gateway ${gateway}, ${devices.length} devices`,
  async start(config, logger, stack) {
    // what only looks at the configuration need not load the rest
    const { startEdge } = await import("./edge.ts");
    return startEdge({ config, clock: systemClock, logger, random: Math.random }, stack);
  },
});
