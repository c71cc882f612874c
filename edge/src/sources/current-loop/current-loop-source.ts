import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "@gengfu/shared/logging";
import type { Text } from "@gengfu/shared/model/text";
import type { Clock } from "@gengfu/shared/time/clock";
import { valueMessage } from "../../intake/message.ts";
import type { Troubles } from "../../troubles.ts";
import { FaultStreak } from "../fault-streak.ts";
import { KernelFiles, readKernelFile, type FileOutcome, type ReadFile } from "../kernel-files.ts";
import { forEachAtOnce, LoopSource, pollEvery, type Tell } from "../loop-source.ts";
import { valueOf, type LoopFault } from "./calibration.ts";
import { milliampsOf } from "./converter.ts";
import type { CurrentLoopConfig, CurrentLoopInput } from "./schema.ts";

export interface CurrentLoopSourceOptions {
  readonly config: CurrentLoopConfig;
  readonly troubles: Troubles;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Readings held while the intake takes nothing over. */
  readonly messages_max?: number;
  readonly read?: ReadFile;
}

interface Watched {
  readonly input: CurrentLoopInput;
  readonly streak: FaultStreak;
}

/** Why an input gives no value. */
type InputFault = LoopFault | Exclude<FileOutcome["kind"], "text"> | "garbage";

/** A slow converter takes 125 ms, and two may wait for the same bus. */
const timeout_ms = 2_000;
const readAtOnce = 2;
/** Levels to the micrometre: what dividing adds beyond is rounding. */
const decimals = 1e6;

/** Transmitters of 4 to 20 mA, through the files of the kernel's converters (IIO). */
export class CurrentLoopSource extends LoopSource {
  readonly #options: CurrentLoopSourceOptions;
  readonly #files: KernelFiles;
  readonly #watched: readonly Watched[];

  constructor(options: CurrentLoopSourceOptions) {
    const { config, clock, troubles, logger, messages_max, read = readKernelFile } = options;
    super({ name: "current_loop", clock, logger, messages_max, run: (tell, signal) => this.#run(tell, signal) });
    this.#options = options;
    this.#files = new KernelFiles({ read, clock, timeout_ms });
    this.#watched = config.inputs.map((input) => ({
      input,
      streak: new FaultStreak({ subject: `current_loop ${input.adc} ${input.input}`, troubles, logger }),
    }));
  }

  #run(tell: Tell, signal: AbortSignal): Promise<void> {
    const { config, clock } = this.#options;
    return pollEvery(config.interval, clock, signal, async () => {
      const converters = await this.#converters(signal);
      await forEachAtOnce(this.#watched, readAtOnce, (watched) => this.#poll(watched, converters, tell, signal));
    });
  }

  /** Folders of the converters that are there, by each of their names. */
  async #converters(signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const { folder } = this.#options.config;
    const found = new Map<string, string>();
    const folders = await readdir(folder).catch(() => []);
    for (const name of folders.filter((one) => one.startsWith("iio:device")).toSorted()) {
      const path = join(folder, name);
      found.set(name, path);
      for (const file of ["name", "label"]) {
        const outcome = await this.#files.read(join(path, file), signal);
        const said = outcome.kind === "text" ? outcome.text.trim() : "";
        if (said !== "" && !found.has(said)) found.set(said, path);
      }
    }
    return found;
  }

  async #poll(
    { input, streak }: Watched,
    converters: ReadonlyMap<string, string>,
    tell: Tell,
    signal: AbortSignal,
  ): Promise<void> {
    if (signal.aborted) return;
    const { clock } = this.#options;
    const path = converters.get(input.adc);
    const outcome = path === undefined ? "missing" : await this.#read(path, input, signal);
    if (signal.aborted) return;
    if (typeof outcome === "string") {
      const text = faultText(outcome, input, [...converters.keys()]);
      streak.report({ code: outcome, text, isSure: outcome === "missing" });
      return;
    }
    streak.report(null);
    const { device, kind, channel = null } = input;
    // a transmitter may go a little below its zero, but a tank can't
    const value = kind === "level" ? Math.max(0, outcome) : outcome;
    tell(device, valueMessage(kind, channel, Math.round(value * decimals) / decimals), clock.monotonic());
  }

  async #read(path: string, { input, shunt_ohms, points }: CurrentLoopInput, signal: AbortSignal) {
    const file = (name: string): Promise<FileOutcome> => this.#files.read(join(path, name), signal);
    const raw = await file(`in_${input}_raw`);
    if (raw.kind !== "text") return raw.kind;
    const own = await file(`in_${input}_scale`);
    const scale = own.kind === "missing" ? await file("in_voltage_scale") : own;
    if (scale.kind !== "text") return scale.kind;
    const offset = await file(`in_${input}_offset`);
    if (offset.kind !== "text" && offset.kind !== "missing") return offset.kind;
    const texts = { raw: raw.text, scale: scale.text, offset: offset.kind === "text" ? offset.text : null };
    const milliamps = milliampsOf(texts, shunt_ohms);
    if (milliamps === null) return "garbage";
    const outcome = valueOf(points, milliamps);
    return outcome.kind === "value" ? outcome.value : outcome.fault;
  }
}

function faultText(fault: InputFault, { adc, input, device }: CurrentLoopInput, there: readonly string[]): Text {
  const zh = `${device} 的 4-20 mA 回路(${adc} ${input})`;
  const en = `The 4-20 mA loop of ${device} (${adc} ${input})`;
  switch (fault) {
    case "missing":
      return {
        zh: `${zh}找不到输入;本机有:${there.join("、") || "无"}。请检查 edge.yaml 中的 adc 和 input,以及设备树。`,
        en: `${en} has no input; this machine has: ${there.join(", ") || "none"}. Check adc and input in edge.yaml.`,
      };
    case "wire_broken":
      return {
        zh: `${zh}电流低于 3.6 mA:断线或变送器故障。请检查接线和变送器供电。`,
        en: `${en} is below 3.6 mA: it is cut, or the transmitter fails. Check wires and the transmitter's supply.`,
      };
    case "wire_shorted":
      return {
        zh: `${zh}电流高于 21 mA:短路或变送器故障。请检查接线。`,
        en: `${en} is above 21 mA: it is shorted, or the transmitter fails. Check the wires.`,
      };
    case "failed":
    case "hangs":
    case "garbage":
    case "no_number":
      return {
        zh: `${zh}无法读取。请检查转换器的接线和驱动。`,
        en: `${en} can't be read. Check the converter's wires and driver.`,
      };
  }
}
