import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judge, parseSlave, parseTemperature, type Outcome } from "./thermometer.ts";

const well = "72 01 4b 46 7f ff 0e 10 57 : crc=57 YES\n72 01 4b 46 7f ff 0e 10 57 t=23125\n";
const fault = (what: string): object => ({ kind: "fault", fault: what });

describe("w1_slave", () => {
  it("reads a temperature, below zero too", () => {
    expect(parseSlave(well)).toEqual({ kind: "celsius", celsius: 23.125 });
    const cold = "5e ff 4b 46 7f ff 02 10 c9 : crc=c9 YES\n5e ff 4b 46 7f ff 02 10 c9 t=-10125\n";
    expect(parseSlave(cold)).toEqual({ kind: "celsius", celsius: -10.125 });
  });

  it("does not take what was kept before for a reading, when the check sum is wrong", () => {
    expect(parseSlave(well.replace("YES", "NO"))).toEqual(fault("crc"));
  });

  it("does not take the zeros of a shorted bus for a reading, though their check sum is right", () => {
    const zeros = "00 00 00 00 00 00 00 00 00";
    expect(parseSlave(`${zeros} : crc=00 YES\n${zeros} t=0\n`)).toEqual(fault("crc"));
  });

  it.each(["", "\n", "t=23125", well.slice(0, 40), well.replace("23125", ""), `${well}${well}`, well.repeat(100)])(
    "takes no reading from %j",
    (text) => expect(parseSlave(text)).toEqual(fault("garbage")),
  );
});

describe("temperature", () => {
  it.each([
    ["23062\n", 23.062],
    ["-125\n", -0.125],
    ["0", 0],
  ])("reads %j", (text, celsius) => expect(parseTemperature(text)).toEqual({ kind: "celsius", celsius }));

  it.each(["", "\n", "warm", "23.5", "0x10", "1e3", "9999999", "23062\n23062\n"])("takes no reading from %j", (text) =>
    expect(parseTemperature(text)).toEqual(fault("garbage")),
  );

  it.each(["-55001", "125001", "127937"])("finds %s beyond what the sensor can measure", (text) =>
    expect(parseTemperature(text)).toEqual(fault("out_of_range")),
  );
});

describe("the value at power-on", () => {
  const hot: Outcome = { kind: "celsius", celsius: 85 };

  it("is not believed after a restart, nor as a jump", () => {
    for (const before of [null, 20, 79.9, 90.1]) expect(judge(hot, before)).toEqual(fault("power_on"));
  });

  it("is believed when the boiler was near it", () => {
    for (const before of [80, 84.9375, 85, 90]) expect(judge(hot, before)).toBe(hot);
  });

  it("leaves its neighbours alone", () => {
    for (const celsius of [84.9375, 85.0625]) {
      expect(judge({ kind: "celsius", celsius }, null)).toEqual({ kind: "celsius", celsius });
    }
  });
});

describe("whatever stands in the files", () => {
  /** A text with some of its characters replaced, left out or repeated. */
  const mutated = fc
    .tuple(
      fc.constantFrom(well, well.replace("YES", "NO"), "23062\n", "85000", "-55000"),
      fc.array(fc.tuple(fc.nat(90), fc.nat(3), fc.string({ maxLength: 4, unit: "binary" })), { maxLength: 6 }),
    )
    .map(([text, edits]) =>
      edits.reduce((now, [at, length, piece]) => now.slice(0, at) + piece + now.slice(at + length), text),
    );
  const anything = fc.oneof(mutated, fc.string({ unit: "binary", maxLength: 200 }), fc.stringMatching(/^[ \n-]*\d*$/));

  it("is a temperature that the sensor can measure, or a fault", () => {
    fc.assert(
      fc.property(anything, fc.option(fc.double({ min: -55, max: 125, noNaN: true })), (text, before) => {
        for (const outcome of [parseTemperature(text), parseSlave(text)]) {
          const judged = judge(outcome, before);
          if (judged.kind === "fault") continue;
          expect(judged.celsius >= -55 && judged.celsius <= 125).toBe(true);
        }
      }),
      { numRuns: 100_000 },
    );
  }, 60_000);
});
