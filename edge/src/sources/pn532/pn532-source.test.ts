import { silentLogger } from "@gengfu/shared/logging";
import { systemClock } from "@gengfu/shared/time/clock";
import { describe, expect, it, onTestFinished } from "vitest";
import { hasPty, openPty } from "../../testing/pty.ts";
import { ScriptedPn532 } from "../../testing/scripted-pn532.ts";
import { Troubles } from "../../troubles.ts";
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

  it("finds nothing wrong with a reader where no card is, and takes a card that lies there for one tap", async () => {
    const pty = await openPty();
    onTestFinished(() => pty.remove());
    const chip = new ScriptedPn532(pty);
    const troubles = new Troubles();
    const config = pn532Schema.parse({ readers: [{ port: pty.path, device: "reader-lobby", poll: "20ms" }] });
    const source = pn532Source({ config, troubles, clock: systemClock, logger: silentLogger });
    const polls = (count: number): Promise<void> =>
      new Promise((resolve) => {
        chip.onCommand = (code) => {
          if (code === 0x4a && --count === 0) resolve();
        };
      });
    const taps: unknown[] = [];
    const begin_ms = systemClock.monotonic();
    await source.start((_, { detail }) => {
      taps.push(detail?.["card"]);
      return Promise.resolve();
    });
    onTestFinished(() => source.stop());
    await polls(10);
    // each poll was answered: one that is not takes a second
    expect(systemClock.monotonic() - begin_ms).toBeLessThan(5_000);
    expect([troubles.list(), taps]).toEqual([[], []]);
    chip.card = "04A1B2C3D4E580";
    await polls(10);
    chip.card = null;
    await polls(5);
    chip.card = "04A1B2C3D4E580";
    await polls(2);
    expect(taps).toEqual(["04A1B2C3D4E580", "04A1B2C3D4E580"]);
  });
});
