import { site, type Site } from "@gengfu/shared/model/site";
import type { z } from "zod";
import type { Alarm } from "./alarm.ts";

/** A school with two gateways, of which `gate` has a fire panel, a button and a tank. */
export function siteWith(changes: Partial<z.input<typeof site>> = {}): Site {
  const contact = (channel: string) => ({ kind: "contact" as const, channel });
  return site.parse({
    id: "school",
    name: { zh: "一中", en: "School" },
    gateways: [
      { id: "gate", name: { zh: "主楼", en: "Main building" }, secret: "hush" },
      { id: "annex", name: { zh: "附楼", en: "Annex" }, secret: "hush" },
    ],
    devices: [
      { id: "panel", name: { zh: "消防主机", en: "Panel" }, measures: [contact("fire"), contact("silence")] },
      { id: "tank", name: { zh: "水箱", en: "Tank" }, measures: [{ kind: "level" }] },
      { id: "far", gateway: "annex", name: { zh: "附楼主机", en: "Far panel" }, measures: [contact("fire")] },
    ],
    people: [
      { id: "wang", name: "王", role: "manager", phone: "13800000000" },
      { id: "li", name: "李", role: "guard", phone: "+8613800000001" },
    ],
    on_call: ["wang", "li"],
    rules: [
      {
        id: "fire",
        name: { zh: "火警", en: "Fire" },
        severity: "critical",
        when: { type: "contact", device: "panel", channel: "fire" },
      },
      {
        id: "low",
        name: { zh: "水位低", en: "Low" },
        severity: "critical",
        when: { type: "below", kind: "level", limit: 1 },
        for: "10s",
      },
      {
        id: "far-fire",
        name: { zh: "附楼火警", en: "Far fire" },
        severity: "critical",
        when: { type: "contact", device: "far", channel: "fire" },
      },
      { id: "gone", name: "gone", severity: "critical", when: { type: "gateway_silent", after: "2m" } },
      { id: "high", name: "high", severity: "warning", when: { type: "above", kind: "level", limit: 3 } },
    ],
    ...changes,
  });
}

export function alarmOf(changes: Partial<Alarm> = {}): Alarm {
  return {
    id: "a",
    rule: "fire",
    device: "panel",
    measure: "contact",
    channel: "fire",
    at: 0,
    value: 1,
    isQuiet: false,
    origin: null,
    isCleared: false,
    isSilenced: false,
    isTold: false,
    texts: 0,
    ...changes,
  };
}
