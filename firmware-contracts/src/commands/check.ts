import { parseArgs } from "node:util";
import { messageOf } from "@gengfu/shared/errors";
import { systemClock } from "@gengfu/shared/time/clock";
import { numberArgument, UsageError } from "../arguments.ts";
import { examine } from "../check/examine.ts";
import { listen, type ListenOptions } from "../check/listen.ts";
import { Observations, type CheckMode } from "../check/observation.ts";
import { reportLines } from "../check/report.ts";
import { CheckBroker } from "../check/serve.ts";
import { checkFile } from "./check-lines.ts";

export const checkHelp = `Holds what devices publish against the contract, rule by rule.
逐条规则检查设备发布的消息是否符合约定。

  check --serve PORT    a broker of its own for the device under test: sees all, keeps one acknowledgement back, cuts the
                        line, and looks at what the device does then 自带代理，检查最全面
  check --broker URL    listens at a broker that hands messages on, such as mosquitto 监听已有代理
  check [FILE]          lines of a topic, a space and the payload, as \`mosquitto_sub -v\` prints; standard input without FILE

  --device ID           looks at this device only
  --listen SECONDS      for how long (60; with --serve 180, or until it has seen enough)
  --user, --password    to sign on with; with --serve, the password that the device must give (none: all are let in)
  --host ADDRESS        where --serve listens (0.0.0.0)
  --json                the report as JSON

The exit code is 0 where no rule is broken, 1 where one is, 2 where there was nothing to see.`;

const seconds = { listen: "60", serve: "180" } as const;

export async function check(args: readonly string[], signal: AbortSignal): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      serve: { type: "string" },
      broker: { type: "string" },
      device: { type: "string" },
      listen: { type: "string" },
      user: { type: "string" },
      password: { type: "string" },
      host: { type: "string", default: "0.0.0.0" },
      json: { type: "boolean", default: false },
    },
  });
  const { broker, device, user, password, host, json } = values;
  if (positionals.length > 1) throw new UsageError("check takes one file");
  if (values.serve !== undefined && broker !== undefined) throw new UsageError("either --serve or --broker, not both");
  if (values.serve === undefined && broker === undefined) return checkFile(positionals[0], signal);
  if (positionals.length > 0) throw new UsageError("a file is checked by itself, without --serve and --broker");

  const mode = broker === undefined ? "serve" : "listen";
  const observations = new Observations();
  const during = {
    device,
    user,
    password,
    clock: systemClock,
    observations,
    seconds: numberArgument("--listen", values.listen ?? seconds[mode], 0, 86_400),
    // what is going on is no part of the report
    print: (line: string) => console.error(line),
  };
  if (broker !== undefined) await listen({ ...during, broker }, signal);
  else await serve({ ...during, host, port: numberArgument("--serve", values.serve ?? "", 0, 65_535) }, signal);
  return report(mode, observations, device, json);
}

type ServeOptions = Omit<ListenOptions, "broker"> & { readonly host: string; readonly port: number };

/** Serves until the device under test has been through its trial, or time is up. */
async function serve(options: ServeOptions, signal: AbortSignal): Promise<void> {
  const { clock, print, device, host } = options;
  const enough = Promise.withResolvers<void>();
  const broker = new CheckBroker({
    ...options,
    onDone: (name) => {
      if (device === undefined || device === name) enough.resolve();
    },
  });
  const port = await broker.start().catch((error: unknown) => {
    throw new UsageError(`No device can come to ${host}:${options.port}: ${messageOf(error)}. Choose another port.`);
  });
  print(`waiting for the device on port ${port}, for at most ${options.seconds} s; let it publish every few seconds`);
  const cancel = clock.after(options.seconds * 1_000, enough.resolve);
  signal.addEventListener("abort", () => enough.resolve(), { once: true });
  await enough.promise;
  cancel();
  await broker.stop();
}

/** Prints what was found; answers the exit code. */
function report(mode: CheckMode, observations: Observations, device: string | undefined, json: boolean): number {
  const devices = [...observations.devices]
    .filter(([name]) => device === undefined || name === device)
    .map(([name, seen]) => examine(mode, name, seen));
  const conforms = devices.every((one) => one.conforms);
  if (json) {
    console.log(JSON.stringify({ mode, conforms, devices, dropped: observations.dropped }, null, 2));
  } else {
    for (const one of devices) for (const line of reportLines(mode, one)) console.log(line);
    if (observations.dropped > 0) console.log(`${observations.dropped} more were seen than are kept. 超出记录上限。`);
    if (devices.length === 0) console.log("Nothing was seen of any device. 没有观察到任何设备。");
  }
  if (devices.length === 0) return 2;
  return conforms ? 0 : 1;
}
