import { SysfsTree } from "../../testing/sysfs-tree.ts";
import { describeSource } from "../contract.ts";
import { OnewireSource } from "./onewire-source.ts";
import { onewireSchema } from "./schema.ts";

const id = "28-0316a2795cff";

describeSource("1-Wire, over a folder like sysfs", {
  malfunctions: ["no bus", "sensor unplugged", "wrong check sum", "garbage", "stuck at power-on"],
  open(parts) {
    const tree = new SysfsTree();
    let thousandths = 20_000;
    let broken: string | null = null;
    const show = (): void => {
      const bytes = "72 01 4b 46 7f ff 0e 10 57";
      const verdict = broken === "wrong check sum" ? "NO" : "YES";
      const said = broken === "stuck at power-on" ? 85_000 : thousandths;
      const text = broken === "garbage" ? "\0\xff7f: NO" : `${bytes} : crc=57 ${verdict}\n${bytes} t=${said}\n`;
      tree.remove();
      if (broken === "no bus") return;
      tree.write("w1_bus_master1/w1_master_slaves", "");
      if (broken !== "sensor unplugged") tree.write(`${id}/w1_slave`, text);
    };
    show();
    return {
      source: new OnewireSource({
        config: onewireSchema.parse({
          folder: tree.folder,
          interval: "10ms",
          sensors: [{ id, device: "boiler", channel: "supply" }],
        }),
        ...parts,
      }),
      provoke() {
        thousandths += 125;
        tree.write(`${id}/w1_slave`, `72 01 4b 46 7f ff 0e 10 57 : crc=57 YES\n${"72 ".repeat(9)}t=${thousandths}\n`);
        return { device: "boiler", kind: "temperature", channel: "supply", value: thousandths / 1_000 };
      },
      break(malfunction) {
        broken = malfunction;
        show();
      },
      mend() {
        broken = null;
        show();
      },
      held: () => tree.open,
      dispose: () => tree.remove(),
    };
  },
});
