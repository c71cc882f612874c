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

export const usage = `npm start -- [选项 options]

  --data DIR          数据目录 what survives a restart      默认 default: data
  --site FILE         站点文件 the site to run              默认 default: deploy/demo/site.yaml
  --http-port N       控制台与接口 console and API          默认 default: 8080
  --device-port N     设备接入 MQTT broker of the devices   默认 default: 1883
  --uplink-port N     网关接入 MQTT ingress of gateways     默认 default: 8884
  --no-simulator      不运行模拟设备 no simulated devices
  --help              显示本说明 this text

端口 0 表示自动选择空闲端口。A port of 0 takes a free one.`;

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
    if (token.kind === "positional") mistakes.push(`${token.value} 不是选项 is not an option`);
    if (token.kind !== "option") continue;
    const option = isKnown(token.name) ? known[token.name] : undefined;
    if (option === undefined) mistakes.push(`没有这个选项 there is no option ${token.rawName}`);
    else if (option.type === "string" && (token.value === undefined || /^(-|$)/.test(token.value))) {
      mistakes.push(`${token.rawName} 需要一个值 needs a value`);
    } else if (option.type === "boolean" && token.value !== undefined) {
      mistakes.push(`${token.rawName} 不需要值 takes no value`);
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
    if (!/^\d+$/.test(value) || number > 65_535)
      mistakes.push(`--${name}-port ${value} 不是端口 is not a port: 0 - 65535`);
    return number;
  };
  const ports = { http: port("http"), device: port("device"), uplink: port("uplink") };
  const chosen = Object.values(ports).filter((number) => number !== 0);
  if (new Set(chosen).size < chosen.length) mistakes.push("三个端口必须不同 the three ports must differ");
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
