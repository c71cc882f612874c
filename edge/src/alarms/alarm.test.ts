import { describe, expect, it } from "vitest";
import { textDue_ms, type Alarm, type CloudView } from "./alarm.ts";
import { alarmOf } from "./fixture.ts";

const patience = { cloud_patience: 10, repeat_every: 100, repeat_times: 3 };
const connected = (since_ms: number): CloudView => ({ isConnected: true, since_ms });
const gone = (since_ms: number): CloudView => ({ isConnected: false, since_ms });

describe("people are texted of an alarm of time 1000", () => {
  it.each<[string, Partial<Alarm>, number | null, CloudView, number | null]>([
    ["after the cloud's time to say that it knows", {}, null, connected(0), 1_010],
    ["at once where the cloud has been gone for long", {}, null, gone(0), 1_000],
    ["after its patience where the cloud was just lost", {}, null, gone(995), 1_005],
    ["no later where the cloud is lost afterwards", {}, null, gone(1_005), 1_010],
    ["later where the cloud has just come back", {}, null, connected(1_008), 1_018],
    ["though it is over by now", { isCleared: true }, null, gone(0), 1_000],
    ["again while it lasts", { texts: 1 }, 1_010, gone(0), 1_110],
    ["not again when it is over", { texts: 1, isCleared: true }, 1_010, gone(0), null],
    ["not more often than they are to be", { texts: 3 }, 1_210, gone(0), null],
    ["not where the cloud knows", { isTold: true }, null, gone(0), null],
    ["not where someone has acknowledged", { isSilenced: true }, null, gone(0), null],
    ["not where it came so late that nobody is told", { isQuiet: true }, null, gone(0), null],
  ])("%s", (_, changes, textedAt_ms, cloud, due_ms) => {
    const times = { since_ms: 1_000, textedAt_ms, clearedAt_ms: null };
    expect(textDue_ms(alarmOf(changes), times, cloud, patience)).toBe(due_ms);
  });
});
