import { FakeGpio } from "../../testing/fake-gpio.ts";
import { describeSource } from "../contract.ts";
import { GpioSource } from "./gpio-source.ts";
import { gpioSchema } from "./schema.ts";

const panel = { offset: 17, device: "panel", channel: "fire", repeat: "1s", chatter_per_minute: 1_000_000 };

describeSource("gpio, over a fake driver", {
  malfunctions: ["EIO", "vanished"],
  open(parts) {
    const gpio = new FakeGpio();
    let level: 0 | 1 = 0;
    return {
      source: new GpioSource({
        config: gpioSchema.parse({ lines: [panel] }),
        loadDriver: () => Promise.resolve({ driver: gpio }),
        totals: new Map(),
        ...parts,
      }),
      provoke() {
        level = level === 0 ? 1 : 0;
        gpio.set(17, level);
        return { device: "panel", kind: "contact", channel: "fire", value: level };
      },
      break(malfunction) {
        gpio.failing = new Error("EIO: i/o error, read");
        if (malfunction === "vanished") gpio.vanish(17);
      },
      mend() {
        gpio.failing = null;
      },
      held: () => gpio.held,
    };
  },
});
