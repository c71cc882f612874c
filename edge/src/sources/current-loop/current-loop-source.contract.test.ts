import { SysfsTree } from "../../testing/sysfs-tree.ts";
import { describeSource } from "../contract.ts";
import { CurrentLoopSource } from "./current-loop-source.ts";
import { currentLoopSchema } from "./schema.ts";

const said: Readonly<Record<string, string>> = {
  "wire cut": "0\n",
  "wire shorted": "32767\n",
  garbage: "\0\xff",
};

describeSource("4-20 mA, over a folder like sysfs", {
  malfunctions: ["no converter", ...Object.keys(said)],
  open(parts) {
    const tree = new SysfsTree();
    let raw = 10_000;
    const show = (text: string): void => {
      tree.write("iio:device0/name", "ads1015\n");
      tree.write("iio:device0/in_voltage0_scale", "0.187500000\n");
      tree.write("iio:device0/in_voltage0_raw", text);
    };
    show(`${raw}\n`);
    return {
      source: new CurrentLoopSource({
        config: currentLoopSchema.parse({
          folder: tree.folder,
          interval: "10ms",
          inputs: [
            {
              adc: "ads1015",
              input: "voltage0",
              shunt_ohms: 250,
              points: [
                { milliamps: 4, value: 0 },
                { milliamps: 20, value: 5 },
              ],
              device: "tank",
            },
          ],
        }),
        ...parts,
      }),
      provoke() {
        raw += 16;
        tree.write("iio:device0/in_voltage0_raw", `${raw}\n`);
        const value = Math.round((((raw * 0.1875) / 250 - 4) / 16) * 5 * 1e6) / 1e6;
        return { device: "tank", kind: "level", channel: null, value };
      },
      break(malfunction) {
        const text = said[malfunction];
        if (text === undefined) tree.remove("iio:device0");
        else show(text);
      },
      mend: () => show(`${raw}\n`),
      held: () => tree.open,
      dispose: () => tree.remove(),
    };
  },
});
