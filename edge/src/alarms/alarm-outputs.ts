import { messageOf } from "@gengfu/shared/errors";
import type { RepeatLog } from "@gengfu/shared/repeat-limit";
import type { Outputs } from "../outputs/output.ts";

/** Switches what alarms want on, and off again; it leaves alone what none ever wanted. */
export class AlarmOutputs {
  readonly #outputs: Outputs;
  readonly #log: RepeatLog;
  readonly #on = new Set<string>();

  constructor(outputs: Outputs, log: RepeatLog) {
    this.#outputs = outputs;
    this.#log = log;
  }

  /** What is to be on; asked for again as long as the hardware refuses. */
  want(names: ReadonlySet<string>): void {
    for (const name of names) if (!this.#on.has(name)) this.#set(name, true);
    for (const name of this.#on) if (!names.has(name)) this.#set(name, false);
  }

  #set(name: string, on: boolean): void {
    if (on) this.#on.add(name);
    else this.#on.delete(name);
    const output = this.#outputs.get(name);
    output?.set(on).catch((error: unknown) => {
      this.#log.error(name, { output: name, on, reason: messageOf(error) }, "an alarm's output could not be switched");
      // the output itself sets it when it can; where it is not in operation yet, the next look asks again
      if (on) this.#on.delete(name);
    });
  }
}
