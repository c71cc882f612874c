import { describe } from "vitest";
import { hasPty, openPty } from "../../testing/pty.ts";
import { ScriptedPn532 } from "../../testing/scripted-pn532.ts";
import { describeSource } from "../contract.ts";
import { pn532Source } from "./pn532-source.ts";
import { pn532Schema } from "./schema.ts";

describe.skipIf(!hasPty)("PN532", () => {
  describeSource("PN532 at a pseudo-terminal", {
    malfunctions: ["unplugged", "silent", "garbled"],
    tick_ms: 3,
    async open(parts) {
      const pty = await openPty();
      const chip = new ScriptedPn532(pty);
      const config = pn532Schema.parse({ readers: [{ port: pty.path, device: "reader-lobby", poll: "20ms" }] });
      let cards = 0;
      return {
        source: pn532Source({ config, ...parts }),
        provoke() {
          cards += 1;
          chip.card = (0x04_a1_b2_00 + cards).toString(16).padStart(8, "0").toUpperCase();
          return { device: "reader-lobby", kind: "tap", channel: null, value: null, detail: { card: chip.card } };
        },
        async break(malfunction) {
          if (malfunction === "unplugged") await pty.unplug();
          else chip.mood = malfunction as "silent" | "garbled";
        },
        async mend(malfunction) {
          chip.mood = "well";
          if (malfunction === "unplugged") {
            chip.reset();
            await pty.plug();
          }
        },
        held: () => pty.held,
        dispose: () => pty.remove(),
      };
    },
  });
});
