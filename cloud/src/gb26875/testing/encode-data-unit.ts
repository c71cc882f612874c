import { description_bytes, upType, type ComponentPart, type DataUnit, type SystemPart } from "../data-unit.ts";

const word = (value: number): number[] => [value & 0xff, (value >> 8) & 0xff];
const system = ({ system: type, address }: SystemPart): number[] => [type, address];
const component = (part: ComponentPart): number[] => [
  ...system(part),
  part.component,
  ...word(part.zone),
  ...word(part.number),
];
const version = (text: string): number[] => text.split(".").map(Number);

/** What a device sends; texts in ASCII only, since nothing here writes GB 18030. */
export function encodeDataUnit(unit: DataUnit): Uint8Array {
  const objects = bodiesOf(unit).map((body, index) => [...body, ...(unit.objects[index]?.time ?? [])]);
  return Uint8Array.of(upType[unit.kind], objects.length, ...objects.flat());
}

function bodiesOf(unit: DataUnit): number[][] {
  switch (unit.kind) {
    case "system_state":
      return unit.objects.map((each) => [...system(each), ...word(each.state)]);
    case "component_state":
      return unit.objects.map((each) => [...component(each), ...word(each.state), ...fixed(each.description)]);
    case "analogue_value":
      return unit.objects.map((each) => [...component(each), each.quantity, ...word(each.value)]);
    case "system_operation":
      return unit.objects.map((each) => [...system(each), each.operation, each.operator]);
    case "system_version":
      return unit.objects.map((each) => [...system(each), ...version(each.version)]);
    case "system_configuration":
      return unit.objects.map((each) => [...system(each), ...counted(each.description)]);
    case "component_configuration":
      return unit.objects.map((each) => [...component(each), ...fixed(each.description)]);
    case "system_time":
      return unit.objects.map(system);
    case "unit_state":
      return unit.objects.map(({ state }) => [state]);
    case "unit_operation":
      return unit.objects.map(({ operation, operator }) => [operation, operator]);
    case "unit_version":
      return unit.objects.map((each) => version(each.version));
    case "unit_configuration":
      return unit.objects.map(({ description }) => counted(description));
    case "unit_time":
      return unit.objects.map(() => []);
  }
}

function fixed(description: string): number[] {
  const bytes = [...Buffer.from(description, "latin1")];
  return Array.from({ length: description_bytes }, (_, index) => bytes[index] ?? 0);
}

function counted(description: string): number[] {
  return [description.length, ...Buffer.from(description, "latin1")];
}
