import { describe, it } from "vitest";
import { FakeGpio } from "../../testing/fake-gpio.ts";
import { driverCases, type LineBench } from "./driver-contract.ts";

function fakeBench(): LineBench {
  const driver = new FakeGpio();
  const chip = "pinctrl-bcm2835";
  return {
    driver,
    chip,
    tellsEachEdge: false,
    keepsOutputs: true,
    drive: (offset, level) => driver.set(offset, level),
    driven: (offset) => driver.levels.get(offset) ?? 0,
    async hold(offset) {
      const line = await driver.openOutput({ chip, offset }, 0);
      return () => line.close();
    },
    unplug() {
      driver.failing = new Error("ENODEV: no such device");
    },
    plug() {
      driver.failing = null;
    },
    held: () => driver.held,
  };
}

// the real ones pass it on real lines, in test/gpio
describe("driver contract: the fake that other tests have", () => {
  it.each(driverCases.map((one) => [one.name, one] as const))("%s", (_, one) => one.run(fakeBench()));
});
