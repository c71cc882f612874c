import { parseArgs } from "node:util";

export interface DemoOptions {
  /** Folder of everything that survives a restart. */
  readonly data: string;
  readonly site: string;
  /** 0 takes a free one. */
  readonly ports: { readonly http: number; readonly device: number; readonly uplink: number };
  readonly simulator: boolean;
}

export type ParsedOptions =
  | { kind: "run"; options: DemoOptions }
  | { kind: "help" }
  | { kind: "mistakes"; mistakes: readonly string[] };

export const usage = `npm start -- [options]

  --data DIR          what survives a restart          default: data
  --site FILE         the site to run                  default: deploy/demo/site.yaml
  --http-port N       console and API                  default: 8080
  --device-port N     MQTT broker of the devices       default: 1883
  --uplink-port N     MQTT ingress of the gateways     default: 8884
  --no-simulator      no simulated devices
  --help              this text

A port of 0 takes a free one.`;

const known = {
  data: { type: "string" },
  site: { type: "string" },
  "http-port": { type: "string" },
  "device-port": { type: "string" },
  "uplink-port": { type: "string" },
  "no-simulator": { type: "boolean" },
  help: { type: "boolean" },
} as const;

const portDefaults = { http: 8080, device: 1883, uplink: 8884 };

/** Reads the command line; every mistake in it is reported at once. */
export function parseOptions(args: readonly string[], demoFolder: string): ParsedOptions {
  const { values, tokens } = parseArgs({ args: [...args], options: known, strict: false, tokens: true });
  const mistakes: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") mistakes.push(`${token.value} is not an option`);
    if (token.kind !== "option") continue;
    const option = isKnown(token.name) ? known[token.name] : undefined;
    if (option === undefined) mistakes.push(`there is no option ${token.rawName}`);
    else if (option.type === "string" && (token.value === undefined || /^(-|$)/.test(token.value))) {
      mistakes.push(`${token.rawName} needs a value`);
    } else if (option.type === "boolean" && token.value !== undefined) {
      mistakes.push(`${token.rawName} takes no value`);
    }
  }
  const text = (name: "data" | "site", fallback: string): string => {
    const value = values[name];
    return typeof value === "string" ? value : fallback;
  };
  const port = (name: keyof typeof portDefaults): number => {
    const value = values[`${name}-port`];
    if (typeof value !== "string" || /^(-|$)/.test(value)) return portDefaults[name];
    const number = Number(value);
    if (!/^\d+$/.test(value) || number > 65_535) mistakes.push(`--${name}-port ${value} is not a port: 0 to 65535`);
    return number;
  };
  const ports = { http: port("http"), device: port("device"), uplink: port("uplink") };
  const chosen = Object.values(ports).filter((number) => number !== 0);
  if (new Set(chosen).size < chosen.length) mistakes.push("the three ports must differ");
  if (mistakes.length > 0) return { kind: "mistakes", mistakes };
  if (values["help"] === true) return { kind: "help" };
  return {
    kind: "run",
    options: {
      data: text("data", "data"),
      site: text("site", `${demoFolder}/site.yaml`),
      ports,
      simulator: values["no-simulator"] !== true,
    },
  };
}

function isKnown(name: string): name is keyof typeof known {
  return Object.hasOwn(known, name);
}
