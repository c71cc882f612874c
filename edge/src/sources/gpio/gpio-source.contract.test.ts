import { FakeGpio } from "../../testing/fake-gpio.ts";
import { describeSource } from "../contract.ts";
import { GpioSource } from "./gpio-source.ts";
import { gpioSchema } from "./schema.ts";

describeSource("gpio, over a fake driver", {
  malfunctions: ["EIO"],
  open(parts) {
    const gpio = new FakeGpio();
    let level: 0 | 1 = 0;
    return {
      source: new GpioSource({
        config: gpioSchema.parse({ lines: [{ offset: 17, device: "panel", channel: "fire", repeat: "1s" }] }),
        loadDriver: () => Promise.resolve({ driver: gpio }),
        readChips: () => [{ label: "pinctrl-bcm2835", base: 512, lines: 54 }],
        ...parts,
      }),
      provoke() {
        level = level === 0 ? 1 : 0;
        gpio.set(529, level);
        return { device: "panel", kind: "contact", channel: "fire", value: level };
      },
      break() {
        gpio.failing = new Error("EIO: i/o error, read");
      },
      mend() {
        gpio.failing = null;
      },
      held: () => gpio.held,
    };
  },
});
