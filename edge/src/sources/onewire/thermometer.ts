/** What a thermometer's file says, or why it says nothing; a temperature in degC. */
export type Outcome =
  | { readonly kind: "celsius"; readonly celsius: number }
  | { readonly kind: "fault"; readonly fault: ThermometerFault };

export type ThermometerFault = "crc" | "garbage" | "out_of_range" | "power_on";

/** What the DS18B20 can measure, degC (its data sheet, "Features"). */
const range = { min: -55, max: 125 };
/** What its memory holds when it has just got power and has not measured yet, degC (its data sheet, "Memory"). */
const powerOn_celsius = 85;
/** A boiler does not heat by more from one reading to the next; a sensor that lost its power jumps by more. */
const plausibleStep_celsius = 5;

/** Reads the file `temperature` of the kernel's driver w1_therm: thousandths of a degree. */
export function parseTemperature(text: string): Outcome {
  const thousandths = /^\s*(-?\d{1,6})\s*$/.exec(text)?.[1];
  return thousandths === undefined ? fault("garbage") : measured(Number(thousandths));
}

/**
 * Reads the file `w1_slave` of the same driver: the sensor's nine bytes with the verdict on their check sum, then the
 * bytes that are kept, with the temperature in thousandths of a degree.
 */
export function parseSlave(text: string): Outcome {
  const match = /^((?:[0-9a-f]{2} ){9}): crc=[0-9a-f]{2} (YES|NO)\n(?:[0-9a-f]{2} ){9}t=(-?\d{1,6})\s*$/.exec(text);
  if (match === null) return fault("garbage");
  const [, bytes = "", verdict, thousandths] = match;
  // a bus that is shorted reads as zeros, of which the check sum is right
  if (verdict === "NO" || /^(00 )+$/.test(bytes)) return fault("crc");
  return measured(Number(thousandths));
}

/**
 * Refuses the value that a sensor has when it has just got power: 85.000 degC is believed only where the reading before
 * was near it. To be asked for every outcome, with the last temperature that was believed.
 */
export function judge(outcome: Outcome, before_celsius: number | null): Outcome {
  if (outcome.kind === "fault" || outcome.celsius !== powerOn_celsius) return outcome;
  const isNear = before_celsius !== null && Math.abs(before_celsius - powerOn_celsius) <= plausibleStep_celsius;
  return isNear ? outcome : fault("power_on");
}

function measured(thousandths: number): Outcome {
  const celsius = thousandths / 1_000;
  return celsius < range.min || celsius > range.max ? fault("out_of_range") : { kind: "celsius", celsius };
}

function fault(what: ThermometerFault): Outcome {
  return { kind: "fault", fault: what };
}
