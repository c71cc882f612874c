import { resolve } from "node:path";
import { readCloudConfig } from "@gengfu/cloud/config";
import { readEdgeConfig } from "@gengfu/edge/config";
import { ConfigError, type ConfigProblem } from "@gengfu/shared/config/problem";
import { ConfigReader, readConfig } from "@gengfu/shared/config/reader";
import { site as siteSchema, type Site } from "@gengfu/shared/model/site";
import type { DemoOptions } from "./options.ts";
import type { Ports } from "./ports.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export const files = {
  cloud: resolve(import.meta.dirname, "cloud.yaml"),
  edge: resolve(import.meta.dirname, "edge.yaml"),
};

/** What edge.yaml and cloud.yaml of the demo take from the environment. */
export function demoEnvironment(options: DemoOptions, data: string, ports: Ports, token: string): Environment {
  return {
    GENGFU_DEMO_DATA: data,
    GENGFU_DEMO_SITE: resolve(options.site),
    GENGFU_DEMO_HTTP_PORT: String(ports.http),
    GENGFU_DEMO_DEVICE_PORT: String(ports.device),
    GENGFU_DEMO_UPLINK_PORT: String(ports.uplink),
    GENGFU_DEMO_TOKEN: token,
  };
}

/**
 * Reads the site and the configurations of both services as they will, and throws one `ConfigError` with the mistakes
 * of all. Starts and writes nothing.
 */
export function checkConfiguration(env: Environment, siteFile: string): Site {
  const problems: ConfigProblem[] = [];
  const check = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
      return undefined;
    }
  };
  const site = check(() => readConfig(siteFile, siteSchema, env));
  check(() => {
    const reader = new ConfigReader(env);
    readCloudConfig(reader, files.cloud);
    reader.finish();
  });
  check(() => readEdgeConfig(files.edge, env));
  // all three read the site: its mistakes are told once
  const distinct = new Map(problems.map((problem) => [JSON.stringify(problem), problem]));
  if (site === undefined || distinct.size > 0) throw new ConfigError([...distinct.values()]);
  return site;
}
