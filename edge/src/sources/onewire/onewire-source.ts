import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "@gengfu/shared/logging";
import type { Clock } from "@gengfu/shared/time/clock";
import { valueMessage } from "../../intake/message.ts";
import type { Troubles } from "../../troubles.ts";
import { FaultStreak, type Fault } from "../fault-streak.ts";
import { KernelFiles, readKernelFile, type ReadFile } from "../kernel-files.ts";
import { forEachAtOnce, LoopSource, pollEvery, type Tell } from "../loop-source.ts";
import type { OnewireConfig, OnewireSensor } from "./schema.ts";
import { judge, parseSlave, parseTemperature, type Outcome, type ThermometerFault } from "./thermometer.ts";

export interface OnewireSourceOptions {
  readonly config: OnewireConfig;
  readonly troubles: Troubles;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Readings held while the intake takes nothing over. */
  readonly messages_max?: number;
  readonly read?: ReadFile;
}

interface Watched {
  readonly sensor: OnewireSensor;
  readonly streak: FaultStreak;
  /** The last that was believed, degC. */
  celsius: number | null;
}

/** A conversion takes 750 ms, and another sensor's may be waited for; the driver tries again after a wrong check sum. */
const timeout_ms = 5_000;
const readAtOnce = 2;
const thermometer = /^(10|22|28|3b|42)-[0-9a-f]{12}$/;

/** Thermometers on the gateway's 1-Wire bus, through the files of the kernel's driver. */
export class OnewireSource extends LoopSource {
  readonly #options: OnewireSourceOptions;
  readonly #files: KernelFiles;
  readonly #watched: readonly Watched[];
  readonly #bus: FaultStreak;
  #unclaimed = "";

  constructor(options: OnewireSourceOptions) {
    const { config, clock, troubles, logger, messages_max, read = readKernelFile } = options;
    super({ name: "onewire", clock, logger, messages_max, run: (tell, signal) => this.#run(tell, signal) });
    this.#options = options;
    this.#files = new KernelFiles({ read, clock, timeout_ms });
    this.#bus = new FaultStreak({ subject: "onewire", troubles, logger });
    this.#watched = config.sensors.map((sensor) => ({
      sensor,
      streak: new FaultStreak({ subject: `onewire ${sensor.id}`, troubles, logger }),
      celsius: null,
    }));
  }

  #run(tell: Tell, signal: AbortSignal): Promise<void> {
    const { config, clock } = this.#options;
    return pollEvery(config.interval, clock, signal, async () => {
      const there = await this.#list();
      if (there === null) return;
      await forEachAtOnce(this.#watched, readAtOnce, (watched) => this.#poll(watched, there, tell, signal));
    });
  }

  /** The thermometers that are on the bus; null where there is no bus. */
  async #list(): Promise<readonly string[] | null> {
    const { config, logger } = this.#options;
    const names = await readdir(config.folder).catch(() => null);
    this.#bus.report(names === null ? noBus(config.folder) : null);
    if (names === null) return null;
    const there = names.filter((name) => thermometer.test(name)).toSorted();
    const unclaimed = there.filter((id) => !config.sensors.some((sensor) => sensor.id === id));
    if (unclaimed.join() !== this.#unclaimed) {
      this.#unclaimed = unclaimed.join();
      logger.info({ unclaimed }, "1-Wire thermometers that no sensor of edge.yaml claims");
    }
    return there;
  }

  async #poll(watched: Watched, there: readonly string[], tell: Tell, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { sensor, streak } = watched;
    const { clock } = this.#options;
    const outcome = there.includes(sensor.id) ? await this.#read(sensor, signal) : "missing";
    if (signal.aborted) return;
    const judged = typeof outcome === "string" ? outcome : judge(outcome, watched.celsius);
    if (typeof judged === "string") streak.report(fileFault(judged, sensor.id, there));
    else if (judged.kind === "fault") streak.report(sensorFault(judged.fault, sensor.id));
    else {
      streak.report(null);
      watched.celsius = judged.celsius;
      // thousandths, as the sensor has them
      const value = Math.round((judged.celsius + sensor.offset) * 1_000) / 1_000;
      tell(sensor.device, valueMessage("temperature", sensor.channel ?? null, value), clock.monotonic());
    }
  }

  async #read({ id }: OnewireSensor, signal: AbortSignal): Promise<Outcome | FileFault> {
    const folder = join(this.#options.config.folder, id);
    const plain = await this.#files.read(join(folder, "temperature"), signal);
    if (plain.kind === "text") return parseTemperature(plain.text);
    if (plain.kind !== "missing") return plain.kind;
    // kernels before 5.8 have no `temperature`
    const slave = await this.#files.read(join(folder, "w1_slave"), signal);
    return slave.kind === "text" ? parseSlave(slave.text) : slave.kind;
  }
}

type FileFault = "missing" | "failed" | "hangs";

function noBus(folder: string): Fault {
  return {
    code: "no_bus",
    isSure: true,
    text: {
      zh: `没有 1-Wire 总线(${folder})。树莓派请在 config.txt 中加入 dtoverlay=w1-gpio 并重启。`,
      en: `There is no 1-Wire bus (${folder}). On a Raspberry Pi add dtoverlay=w1-gpio to config.txt and restart.`,
    },
  };
}

function fileFault(fault: FileFault, id: string, there: readonly string[]): Fault {
  const others = there.length === 0 ? { zh: "无", en: "none" } : { zh: there.join("、"), en: there.join(", ") };
  const texts = {
    missing: {
      zh: `1-Wire 温度传感器 ${id} 不在总线上;总线上有:${others.zh}。请检查接线或 edge.yaml 中的 id。`,
      en: `The 1-Wire thermometer ${id} is not on the bus; there are: ${others.en}. Check its wires, or id in edge.yaml.`,
    },
    failed: {
      zh: `无法读取 1-Wire 温度传感器 ${id}。请检查接线、上拉电阻和供电。`,
      en: `The 1-Wire thermometer ${id} can't be read. Check its wires, the pull-up and its power.`,
    },
    hangs: {
      zh: `1-Wire 温度传感器 ${id} 没有应答。请检查总线,必要时重启网关。`,
      en: `The 1-Wire thermometer ${id} does not answer. Check the bus; if need be restart the gateway.`,
    },
  };
  return { code: fault, text: texts[fault], isSure: fault === "missing" };
}

function sensorFault(fault: ThermometerFault, id: string): Fault {
  const texts = {
    crc: {
      zh: `1-Wire 温度传感器 ${id} 的数据校验错误。请检查线长、上拉电阻和干扰。`,
      en: `The 1-Wire thermometer ${id} fails its check sum. Check the cable's length, the pull-up and interference.`,
    },
    garbage: {
      zh: `1-Wire 温度传感器 ${id} 的数据无法识别。`,
      en: `What the 1-Wire thermometer ${id} says can't be understood.`,
    },
    out_of_range: {
      zh: `1-Wire 温度传感器 ${id} 的读数超出 −55 至 125 °C。请更换传感器。`,
      en: `The 1-Wire thermometer ${id} reads beyond -55 to 125 degC. Replace it.`,
    },
    power_on: {
      zh: `1-Wire 温度传感器 ${id} 停在上电值 85 °C,没有完成测量。请检查供电。`,
      en: `The 1-Wire thermometer ${id} stays at its power-on value of 85 degC: it does not measure. Check its power.`,
    },
  };
  return { code: fault, text: texts[fault] };
}
