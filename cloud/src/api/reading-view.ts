import { clockQualities, kinds } from "@gengfu/shared/model/reading";
import { z } from "zod";
import type { SiteFacts, TankFacts } from "../site-facts.ts";
import type { ReadingRow } from "../stores/store.ts";

export const reading = z
  .looseObject({
    gateway: z.string(),
    epoch: z.int().nullable().describe("The gateway's numbering; it changes when the gateway's log starts anew."),
    seq: z.int().describe("The reading's number at the gateway, contiguous from 1 within an epoch."),
    device: z.string(),
    channel: z.string().nullable().describe("Null where the device has one of the kind."),
    kind: z.enum(kinds),
    at: z.int().describe("When it was measured, epoch milliseconds UTC."),
    receivedAt: z.int().nullable().describe("When the edge took it in, epoch milliseconds UTC."),
    clock: z.enum(clockQualities).nullable().describe("How the time of the reading is known."),
    value: z
      .number()
      .nullable()
      .describe(
        "m, degC, kPa or pulses; 1 and 0 for a closed and an open contact, and for online and offline; else null.",
      ),
    closed: z.boolean().optional().describe("Of contacts."),
    litres: z.number().optional().describe("Of levels, where the site's file knows the shape of the tank."),
    card: z.string().optional().describe("Of taps: UID of the card, hex."),
    tag: z.string().optional().describe("Of taps at a carried reader: UID of the tag, hex."),
    guard: z.string().optional().describe("Of taps: who tapped, as the site's file names the person."),
    guard_name: z.string().optional().describe("Of taps: the person's name."),
    checkpoint: z.string().optional().describe("Of taps: where, as the site's file names the place."),
    defect: z.string().optional().describe("Of taps: the defect of the site's file whose card or tag it was."),
    battery_volts: z.number().optional().describe("Of a status."),
    rssi_dbm: z.number().optional().describe("Of a status."),
    uptime_seconds: z.number().optional().describe("Of a status."),
    firmware: z.string().optional().describe("Of a status."),
  })
  .meta({ id: "Reading", description: "One reading of a device, with what its kind has besides the value." });
export type ReadingView = z.output<typeof reading>;

/** Shows readings as the API does: flat, with people and places named from the site's file. */
export class ReadingViews {
  readonly #facts: Pick<SiteFacts, "tap"> & TankFacts;

  constructor(facts: Pick<SiteFacts, "tap"> & TankFacts) {
    this.#facts = facts;
  }

  view(row: ReadingRow): ReadingView {
    return {
      ...this.detail(row),
      gateway: row.gateway,
      epoch: row.epoch,
      seq: row.seq,
      device: row.device,
      channel: row.channel,
      kind: row.kind,
      at: row.at,
      receivedAt: row.receivedAt,
      clock: row.clock,
      value: row.value,
    };
  }

  /** What a reading has besides its value. */
  detail(row: ReadingRow): Record<string, string | number | boolean> {
    if (row.kind === "contact") return { ...row.detail, closed: row.value === 1 };
    if (row.kind === "level") {
      const litres = this.#facts.litres(row);
      return litres === null ? { ...row.detail } : { ...row.detail, litres };
    }
    if (row.kind !== "tap") return { ...row.detail };
    const { checkpoint, guard, guardName, defect } = this.#facts.tap(row);
    return {
      ...row.detail,
      ...(guard === null ? {} : { guard }),
      ...(guardName === null ? {} : { guard_name: guardName }),
      ...(checkpoint === null ? {} : { checkpoint }),
      ...(defect === undefined ? {} : { defect }),
    };
  }
}
