import { silentLogger } from "@gengfu/shared/logging";
import { systemClock } from "@gengfu/shared/time/clock";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { hasPty, openPty, type Pty } from "../testing/pty.ts";
import { ScriptedModem } from "../testing/scripted-modem.ts";
import { Troubles } from "../troubles.ts";
import { Modem } from "./modem.ts";
import { faultOf } from "./modem-state.ts";
import { modemSchema } from "./schema.ts";

/** Resolves at the next time that the modem's signal was asked for, `count` times. */
function looks(chip: ScriptedModem, count: number): Promise<void> {
  return new Promise((resolve) => {
    chip.onCommand = (command) => {
      if (command === "AT+CSQ" && --count === 0) resolve();
    };
  });
}

describe.skipIf(!hasPty)("a modem at a pseudo-terminal", () => {
  let pty: Pty;
  let chip: ScriptedModem;
  let troubles: Troubles;
  let modem: Modem;
  beforeEach(async () => {
    pty = await openPty();
    onTestFinished(() => pty.remove());
    chip = new ScriptedModem(pty);
    troubles = new Troubles();
    const config = modemSchema.parse({ port: pty.path });
    const timing = { look_every_ms: 20, reopen_ms: 20 };
    modem = new Modem({ config, troubles, clock: systemClock, logger: silentLogger, ...timing });
    onTestFinished(() => modem.stop());
  });

  it("sends texts, long ones in parts, one after the other", async () => {
    modem.start();
    const long = "消防控制室火警触点闭合,".repeat(12);
    await Promise.all([modem.send("+8613800138000", "火警"), modem.send("13800138001", long)]);
    expect(chip.sent).toEqual([
      { number: "+8613800138000", text: "火警" },
      { number: "13800138001", text: long },
    ]);
    expect([chip.miscounted, troubles.list()]).toEqual([0, []]);
  });

  it("says what the network refuses for now, and what for good", async () => {
    modem.start();
    chip.refusals.push("+CMS ERROR: 331", "+CMS ERROR: 28", "ERROR");
    const outcome = (text: string) => modem.send("10086", text).catch((error: unknown) => error);
    expect(await outcome("a")).toMatchObject({ code: "sms_failed", retryable: true });
    expect(await outcome("b")).toMatchObject({ code: "sms_failed", retryable: false });
    expect(await outcome("c")).toMatchObject({ code: "sms_failed", retryable: true });
    await modem.send("10086", "d");
    expect(chip.sent).toEqual([{ number: "10086", text: "d" }]);
  });

  it("tells of a SIM that lacks, asks for a PIN, of no network and a weak one, until it is well", async () => {
    const cases: [Partial<Pick<ScriptedModem, "sim" | "registration" | "rssi">>, RegExp | null][] = [
      [{ sim: "+CME ERROR: 10" }, /没有 SIM 卡.*no SIM/],
      [{ sim: "+CPIN: SIM PIN" }, /PIN/],
      [{ sim: "+CPIN: READY", registration: 2 }, /没有注册.*no mobile network/],
      [{ registration: 5, rssi: 3 }, /信号弱.*weak/],
      [{ rssi: 20 }, null],
    ];
    modem.start();
    for (const [change, trouble] of cases) {
      Object.assign(chip, change);
      // the second after it began later than the change
      await looks(chip, 3);
      expect(troubles.list()).toEqual(trouble === null ? [] : [expect.stringMatching(trouble)]);
    }
  });

  it("goes on when it is plugged in again, and says meanwhile that it is gone", async () => {
    modem.start();
    await modem.send("10086", "before");
    await pty.unplug();
    await expect(modem.send("10086", "without")).rejects.toMatchObject({ code: "sms_failed", retryable: true });
    expect(troubles.list()).toEqual([expect.stringMatching(/串口.*can't be used/)]);
    await pty.plug();
    await looks(chip, 2);
    await modem.send("10086", "after");
    expect(chip.sent.map(({ text }) => text)).toEqual(["before", "after"]);
    expect(troubles.list()).toEqual([]);
    chip.isSilent = true;
    const underWay = modem.send("10086", "under way");
    const refused = expect(underWay).rejects.toMatchObject({ code: "sms_failed", retryable: true });
    await modem.stop();
    await refused;
    await expect(modem.send("10086", "too late")).rejects.toMatchObject({ retryable: true });
    expect(pty.held).toBe(0);
  });
});

describe("what a modem answers", () => {
  it.each([
    [{ sim: "READY", registrations: [1, 0], rssi: 20 }, null],
    [{ sim: "READY", registrations: [0, 5], rssi: 99 }, null],
    [{ sim: "READY", registrations: [3, 0], rssi: 20 }, "no_network"],
    [{ sim: "READY", registrations: [1], rssi: 4 }, "weak"],
    [{ sim: "SIM PUK", registrations: [1], rssi: 20 }, "pin"],
    [{ sim: "+CME ERROR: SIM not inserted", registrations: [], rssi: null }, "no_sim"],
    [{ sim: "+CME ERROR: 13", registrations: [], rssi: null }, "sim"],
  ])("%j is %s", (answers, fault) => {
    expect(faultOf(answers)).toBe(fault);
  });
});
