import type { Detail, Kind, Reading } from "@gengfu/shared/model/reading";
import type { Contacts } from "./contacts.ts";
import { decodeDataUnit, type ComponentPart, type DataUnit, type SystemPart } from "./data-unit.ts";
import type { Frame } from "./frame.ts";
import { frameKey } from "./frame-key.ts";
import {
  componentChannels,
  latching,
  operationBit,
  quantities,
  systemChannels,
  systemOperations,
  unitChannels,
  unitOperations,
} from "./meanings.ts";
import type { Moment, Moments } from "./moments.ts";
import { componentName, systemName, type PartMap, type Place } from "./part-map.ts";
import { timeOf } from "./time-tag.ts";
import type { UnitMemory } from "./unit-memory.ts";

/** The transmission device itself among the parts that report. */
export const unitPart = "unit";

export interface Converted {
  /** In the order of the objects; all of one lane. */
  readonly readings: readonly Reading[];
  /** What the frame says; undefined where it can't be decoded and went to quarantine. */
  readonly unit: DataUnit | undefined;
}

export interface ConvertOptions {
  readonly parts: PartMap;
  readonly memory: Pick<UnitMemory, "contacts" | "timeOf">;
  readonly moments: Moments;
  readonly zone: string;
}

/** What frames of a transmission device become: every state bit, value and text a reading, and what can't be decoded too. */
export function convert(frame: Frame, options: ConvertOptions): Converted {
  const conversion = new Conversion(options);
  const unit = decodeDataUnit(frame.data);
  if (unit.kind === "undecodable") {
    conversion.quarantine(frame, unit.reason);
    return { readings: named(conversion.readings, frame), unit: undefined };
  }
  conversion.take(unit);
  return { readings: named(conversion.readings, frame), unit };
}

/** The first reading of a frame names it, so that the frame is known again after a restart. */
function named(readings: readonly Reading[], frame: Frame): readonly Reading[] {
  return readings.map((reading, index) =>
    index === 0 ? { ...reading, detail: { ...reading.detail, frame: frameKey(frame) } } : reading,
  );
}

class Conversion {
  readonly readings: Reading[] = [];
  readonly #parts: PartMap;
  readonly #contacts: Contacts;
  readonly #timeOf: UnitMemory["timeOf"];
  readonly #moments: Moments;
  readonly #zone: string;

  constructor({ memory, ...options }: ConvertOptions) {
    this.#parts = options.parts;
    this.#contacts = memory.contacts.copy();
    this.#timeOf = (device, channel) => memory.timeOf(device, channel);
    this.#moments = options.moments;
    this.#zone = options.zone;
  }

  take(unit: DataUnit): void {
    const moments = this.#moments;
    switch (unit.kind) {
      case "system_state":
        for (const each of unit.objects) this.#systemState(each, each.state, moments.of(each.time));
        return;
      case "component_state":
        for (const each of unit.objects) this.#componentState(each, each, moments.of(each.time));
        return;
      case "analogue_value":
        for (const each of unit.objects) this.#value(each, each, moments.of(each.time));
        return;
      case "system_operation":
        for (const each of unit.objects) {
          const moment = moments.of(each.time);
          this.#operation(this.#parts.system(each), systemOperations, each, moment);
          if ((each.operation & operationBit.reset) !== 0) this.#clear(each, latching, moment, "reset");
        }
        return;
      case "unit_state":
        for (const { state, time } of unit.objects) {
          const moment = moments.of(time);
          unitChannels.forEach((channel, bit) =>
            this.#report(this.#unit, channel, unitPart, isSet(state, bit), moment),
          );
        }
        return;
      case "unit_operation":
        for (const each of unit.objects) this.#operation(this.#unit, unitOperations, each, moments.of(each.time));
        return;
      case "system_version":
        for (const each of unit.objects) {
          this.#status(this.#parts.system(each), "version", moments.of(each.time), {
            part: systemName(each),
            firmware: each.version,
          });
        }
        return;
      case "system_configuration":
        for (const each of unit.objects) {
          const { description } = each;
          const detail = { part: systemName(each), description };
          this.#status(this.#parts.system(each), "configuration", moments.of(each.time), detail);
        }
        return;
      case "component_configuration":
        for (const each of unit.objects) {
          const detail = aboutComponent(each, each.description);
          this.#status(this.#parts.component(each), "configuration", moments.of(each.time), detail);
        }
        return;
      case "system_time":
        for (const each of unit.objects) {
          this.#clockTime(this.#parts.system(each), "time", each.time, { part: systemName(each) });
        }
        return;
      case "unit_version":
        for (const { version, time } of unit.objects) {
          this.#status(this.#unit, "unit-version", moments.of(time), { firmware: version });
        }
        return;
      case "unit_configuration":
        for (const { description, time } of unit.objects) {
          this.#status(this.#unit, "unit-configuration", moments.of(time), { description });
        }
        return;
      case "unit_time":
        for (const { time } of unit.objects) this.#clockTime(this.#unit, "unit-time", time, {});
    }
  }

  quarantine({ source, command, data }: Frame, reason: string): void {
    const detail = {
      topic: `gb26875/${source}/${command}`,
      code: "undecodable",
      message: reason,
      path: "",
      payload: Buffer.from(data).toString("hex"),
    };
    this.#add("quarantine", this.#parts.unit, null, null, this.#moments.of(undefined), detail);
  }

  get #unit(): Place {
    return { device: this.#parts.unit, channel: null, factor: 1 };
  }

  #systemState(which: SystemPart, state: number, moment: Moment): void {
    const place = this.#parts.system(which);
    const part = systemName(which);
    systemChannels.forEach((channel, bit) => {
      const signals = isSet(state, bit);
      if (!signals) this.#clear(which, [channel], moment, "system", place);
      this.#report(place, channel, part, signals, moment);
    });
    if (isSet(state, systemChannels.indexOf("reset"))) {
      const others = latching.filter(
        (channel) =>
          !isSet(
            state,
            systemChannels.findIndex((name) => name === channel),
          ),
      );
      this.#clear(which, others, moment, "reset");
    }
  }

  /** On its own device, and on its system's for what it signals: there is a rule on the panel, hardly one on each detector. */
  #componentState(
    which: ComponentPart,
    { state, description }: { state: number; description: string },
    moment: Moment,
  ): void {
    const part = componentName(which);
    const detail = aboutComponent(which, description);
    const own = this.#parts.component(which);
    const system = this.#parts.system(which);
    componentChannels.forEach((channel, bit) => {
      const signals = isSet(state, bit);
      this.#report(own, channel, part, signals, moment, detail);
      const shared = channelOf(system, channel);
      const isOwn = own.device === system.device && channelOf(own, channel) === shared;
      if (isOwn || channel === "normal") return;
      if (signals || this.#contacts.has(system.device, shared, part)) {
        this.#report(system, channel, part, signals, moment, detail);
      }
    });
  }

  #value(which: ComponentPart, { quantity, value }: { quantity: number; value: number }, moment: Moment): void {
    const place = this.#parts.component(which);
    const what = quantities[quantity];
    const detail = aboutComponent(which, "");
    // as many places as the 16 bits have, so that 0.1 times 3 is 0.3
    const scaled = Number((value * (what?.factor ?? 1) * place.factor).toPrecision(12));
    if (what === undefined) {
      this.#add("status", place.device, channelOf(place, `quantity-${quantity}`), null, moment, {
        ...detail,
        quantity,
        raw: value,
      });
    } else if (what.kind === "status") {
      this.#add("status", place.device, channelOf(place, what.channel), null, moment, {
        ...detail,
        [what.field]: scaled,
      });
    } else this.#add(what.kind, place.device, place.channel, scaled, moment, detail);
  }

  /** Ends what components of a system signal, since their system says so. */
  #clear(which: SystemPart, channels: readonly string[], moment: Moment, because: string, but?: Place): void {
    const part = systemName(which);
    const detail = { because };
    for (const { device, channel } of this.#contacts.below(part, channels)) {
      // there the system's own report says it
      if (but?.device === device && channels.some((name) => channelOf(but, name) === channel)) continue;
      this.#report({ device, channel: null, factor: 1 }, channel, part, false, moment, detail);
    }
    if (but !== undefined) return;
    const own = this.#parts.system(which);
    for (const name of channels) {
      const channel = channelOf(own, name);
      if (this.#contacts.has(own.device, channel, part)) this.#report(own, name, part, false, moment, detail);
    }
  }

  #report(place: Place, name: string, part: string, signals: boolean, moment: Moment, detail: Detail = {}): void {
    const channel = channelOf(place, name);
    const closed = this.#contacts.report(place.device, channel, part, signals);
    const reported = closed === signals ? {} : { reported: Number(signals) };
    this.#add("contact", place.device, channel, Number(closed), moment, { part, ...reported, ...detail });
  }

  /** What was done is 1 until the next operation says what was done then. */
  #operation(
    place: Place,
    names: readonly string[],
    { operation, operator }: { operation: number; operator: number },
    moment: Moment,
  ): void {
    names.forEach((name, bit) => {
      this.#add("contact", place.device, channelOf(place, name), Number(isSet(operation, bit)), moment, { operator });
    });
  }

  #clockTime(place: Place, name: string, time: Uint8Array | undefined, detail: Detail): void {
    const { receivedAt, ...moment } = this.#moments.of(undefined);
    const told = time === undefined ? undefined : timeOf(time, this.#zone);
    const deviation = told === undefined ? {} : { clock_ahead_seconds: Math.round((told - receivedAt) / 1_000) };
    this.#status(
      place,
      name,
      { ...moment, receivedAt, detail: this.#moments.of(time).detail },
      { ...detail, ...deviation },
    );
  }

  #status(place: Place, name: string, moment: Moment, detail: Detail): void {
    this.#add("status", place.device, channelOf(place, name), null, moment, detail);
  }

  #add(kind: Kind, device: string, channel: string | null, value: number | null, moment: Moment, detail: Detail): void {
    const { receivedAt, clock } = moment;
    const at = kind === "contact" ? Math.max(moment.at, this.#timeOf(device, channel ?? "")) : moment.at;
    this.readings.push({
      device,
      kind,
      channel,
      at,
      receivedAt,
      clock,
      value,
      detail: { ...detail, ...moment.detail },
    });
  }
}

function isSet(bits: number, bit: number): boolean {
  return (bits & (1 << bit)) !== 0;
}

function channelOf({ channel }: Place, name: string): string {
  return channel === null ? name : `${channel}-${name}`;
}

function aboutComponent(which: ComponentPart, description: string): Detail {
  const { component } = which;
  return { part: componentName(which), component, ...(description === "" ? {} : { description }) };
}
