import { time_bytes } from "./time-tag.ts";

/** Data of GB/T 26875.3-2011, 8.3.1: a type, the number of objects, the objects, most with a time of 6 bytes. */
export interface SystemPart {
  readonly system: number;
  readonly address: number;
}

/** 部件: the four bytes of its address are a zone (区号) and a number in it (位号), low bytes first. */
export interface ComponentPart extends SystemPart {
  /** 部件类型, such as 23 for a manual call point, 40 for smoke, 91 for a pump. */
  readonly component: number;
  readonly zone: number;
  readonly number: number;
}

/** As it came (`time-tag.ts`); undefined where the object has none. */
interface Timed {
  readonly time: Uint8Array | undefined;
}

export type SystemState = SystemPart & Timed & { readonly state: number };
export type ComponentState = ComponentPart & Timed & { readonly state: number; readonly description: string };
/** `value` signed, in the type's smallest step. */
export type AnalogueValue = ComponentPart & Timed & { readonly quantity: number; readonly value: number };
export type SystemOperation = SystemPart & Timed & { readonly operation: number; readonly operator: number };
export type SystemVersion = SystemPart & Timed & { readonly version: string };
export type SystemConfiguration = SystemPart & Timed & { readonly description: string };
export type ComponentConfiguration = ComponentPart & Timed & { readonly description: string };
export type SystemTime = SystemPart & Timed;
export type UnitState = Timed & { readonly state: number };
export type UnitOperation = Timed & { readonly operation: number; readonly operator: number };
export type UnitVersion = Timed & { readonly version: string };
export type UnitConfiguration = Timed & { readonly description: string };
export type UnitTime = Timed;

export type DataUnit =
  | { readonly kind: "system_state"; readonly objects: readonly SystemState[] }
  | { readonly kind: "component_state"; readonly objects: readonly ComponentState[] }
  | { readonly kind: "analogue_value"; readonly objects: readonly AnalogueValue[] }
  | { readonly kind: "system_operation"; readonly objects: readonly SystemOperation[] }
  | { readonly kind: "system_version"; readonly objects: readonly SystemVersion[] }
  | { readonly kind: "system_configuration"; readonly objects: readonly SystemConfiguration[] }
  | { readonly kind: "component_configuration"; readonly objects: readonly ComponentConfiguration[] }
  | { readonly kind: "system_time"; readonly objects: readonly SystemTime[] }
  | { readonly kind: "unit_state"; readonly objects: readonly UnitState[] }
  | { readonly kind: "unit_operation"; readonly objects: readonly UnitOperation[] }
  | { readonly kind: "unit_version"; readonly objects: readonly UnitVersion[] }
  | { readonly kind: "unit_configuration"; readonly objects: readonly UnitConfiguration[] }
  | { readonly kind: "unit_time"; readonly objects: readonly UnitTime[] };

/** `type` undefined where there is not even one. */
export interface Undecodable {
  readonly kind: "undecodable";
  readonly type: number | undefined;
  readonly reason: string;
}

export const upType = {
  system_state: 1,
  component_state: 2,
  analogue_value: 3,
  system_operation: 4,
  system_version: 5,
  system_configuration: 6,
  component_configuration: 7,
  system_time: 8,
  unit_state: 21,
  unit_operation: 24,
  unit_version: 25,
  unit_configuration: 26,
  unit_time: 28,
} as const satisfies Record<DataUnit["kind"], number>;

/** Bytes of a description of fixed length, filled up with zeros or blanks. */
export const description_bytes = 31;

/** A byte that is none becomes U+FFFD. */
const gb18030 = new TextDecoder("gb18030");

export function decodeDataUnit(data: Uint8Array): DataUnit | Undecodable {
  const [type, count] = data;
  if (type === undefined || count === undefined) {
    return { kind: "undecodable", type, reason: `${data.length} bytes of data, too few for a type and a count` };
  }
  const objects = new Objects(data, type, count);
  switch (type) {
    case upType.system_state:
      return objects.fixed("system_state", 4, (at) => ({ ...system(at), state: at.word(2) }));
    case upType.component_state:
      return objects.fixed("component_state", 9 + description_bytes, (at) => ({
        ...component(at),
        state: at.word(7),
        description: at.text(9, description_bytes),
      }));
    case upType.analogue_value:
      return objects.fixed("analogue_value", 10, (at) => ({
        ...component(at),
        quantity: at.byte(7),
        value: (at.word(8) << 16) >> 16,
      }));
    case upType.system_operation:
      return objects.fixed("system_operation", 4, (at) => ({
        ...system(at),
        operation: at.byte(2),
        operator: at.byte(3),
      }));
    case upType.system_version:
      return objects.fixed("system_version", 4, (at) => ({ ...system(at), version: `${at.byte(2)}.${at.byte(3)}` }));
    case upType.system_configuration:
      return objects.described("system_configuration", 2, (at, description) => ({ ...system(at), description }));
    case upType.component_configuration:
      return objects.fixed("component_configuration", 7 + description_bytes, (at) => ({
        ...component(at),
        description: at.text(7, description_bytes),
      }));
    case upType.system_time:
      return objects.fixed("system_time", 2, system);
    case upType.unit_state:
      return objects.fixed("unit_state", 1, (at) => ({ state: at.byte(0) }));
    case upType.unit_operation:
      return objects.fixed("unit_operation", 2, (at) => ({ operation: at.byte(0), operator: at.byte(1) }));
    case upType.unit_version:
      return objects.fixed("unit_version", 2, (at) => ({ version: `${at.byte(0)}.${at.byte(1)}` }));
    case upType.unit_configuration:
      return objects.described("unit_configuration", 0, (_, description) => ({ description }));
    case upType.unit_time:
      return objects.fixed("unit_time", 0, () => ({}));
    default:
      return { kind: "undecodable", type, reason: `type ${type} is none that the standard defines` };
  }
}

function system(at: ObjectReader): SystemPart {
  return { system: at.byte(0), address: at.byte(1) };
}

function component(at: ObjectReader): ComponentPart {
  return { ...system(at), component: at.byte(2), zone: at.word(3), number: at.word(5) };
}

class Objects {
  readonly #data: Uint8Array;
  readonly #type: number;
  readonly #count: number;

  constructor(data: Uint8Array, type: number, count: number) {
    this.#data = data;
    this.#type = type;
    this.#count = count;
  }

  /** Objects of so many bytes each. The time behind each may lack ("may be empty", clause 7), or be there unasked. */
  fixed<Kind extends DataUnit["kind"], What>(kind: Kind, bytes: number, read: (at: ObjectReader) => What) {
    const rest = this.#data.length - 2;
    const timed = rest === this.#count * (bytes + time_bytes);
    if (this.#count === 0 || (!timed && (rest !== this.#count * bytes || bytes === 0))) {
      return this.#refuse(`${this.#count} objects of ${bytes} bytes, with or without a time, in ${rest} bytes`);
    }
    const step = timed ? bytes + time_bytes : bytes;
    const objects = Array.from({ length: this.#count }, (_, index) => {
      const at = new ObjectReader(this.#data, 2 + index * step);
      return { ...read(at), time: timed ? at.bytes(bytes, time_bytes) : undefined };
    });
    return { kind, objects };
  }

  /** Objects that end with a text behind its length. They have no time. */
  described<Kind extends DataUnit["kind"], What>(
    kind: Kind,
    bytes: number,
    read: (at: ObjectReader, description: string) => What,
  ) {
    const objects: (What & Timed)[] = [];
    let from = 2;
    for (let index = 0; index < this.#count; index++) {
      const length = this.#data[from + bytes];
      if (length === undefined || from + bytes + 1 + length > this.#data.length) {
        return this.#refuse(`the description of object ${index + 1} goes beyond the data`);
      }
      const at = new ObjectReader(this.#data, from);
      objects.push({ ...read(at, at.text(bytes + 1, length)), time: undefined });
      from += bytes + 1 + length;
    }
    if (this.#count === 0 || from !== this.#data.length) {
      return this.#refuse(`${this.#data.length - from} bytes behind ${this.#count} objects`);
    }
    return { kind, objects };
  }

  #refuse(reason: string): Undecodable {
    return { kind: "undecodable", type: this.#type, reason };
  }
}

class ObjectReader {
  readonly #data: Uint8Array;
  readonly #from: number;

  constructor(data: Uint8Array, from: number) {
    this.#data = data;
    this.#from = from;
  }

  byte(at: number): number {
    return this.#data[this.#from + at] ?? 0;
  }

  word(at: number): number {
    return this.byte(at) + 256 * this.byte(at + 1);
  }

  bytes(at: number, count: number): Uint8Array {
    return this.#data.slice(this.#from + at, this.#from + at + count);
  }

  text(at: number, count: number): string {
    const bytes = this.bytes(at, count);
    const terminator = bytes.indexOf(0);
    // behind a zero some devices leave what was in their memory
    const text = gb18030.decode(terminator === -1 ? bytes : bytes.subarray(0, terminator));
    return text.replaceAll(/\p{Cc}+/gu, " ").trim();
  }
}
