import type { Site } from "@gengfu/shared/model/site";
import type { AlarmsConfig } from "./schema.ts";
import { urgentSite } from "./urgent-site.ts";

interface Checked {
  readonly alarms?: AlarmsConfig | undefined;
  readonly modem?: object | undefined;
}

/** What of the alarms the site file and the rest of `edge.yaml` don't have. */
export function alarmProblems(
  { alarms, modem }: Checked,
  site: Site,
  gateway: string,
): { path: readonly PropertyKey[]; found: unknown; allowed: string }[] {
  if (alarms === undefined) {
    if (modem === undefined) return [];
    return [{ path: ["modem"], found: "no alarms", allowed: "`alarms`, too, which say what is sent by it" }];
  }
  const { rules, devices } = urgentSite(site, gateway);
  const known = rules.map(({ id }) => id);
  const allowed = `a critical rule on this gateway's devices: ${known.join(", ") || "there is none"}`;
  const unknown = alarms.rules.flatMap(({ rule }, index) =>
    known.includes(rule) ? [] : [{ path: ["alarms", "rules", index, "rule"], found: rule, allowed }],
  );
  const problems: { path: readonly PropertyKey[]; found: unknown; allowed: string }[] = [...unknown];
  const button = alarms.silence_button;
  const isThere = devices.some(
    ({ id, measures }) =>
      id === button?.device && measures.some(({ kind, channel }) => kind === "contact" && channel === button.channel),
  );
  if (button !== undefined && !isThere) {
    const found = [button.device, button.channel].join(" ").trim();
    problems.push({ path: ["alarms", "silence_button"], found, allowed: `a contact of one of ${gateway}'s devices` });
  }
  if (modem !== undefined && site.on_call.length === 0) {
    problems.push({ path: ["modem"], found: "nobody on call", allowed: "someone under `on_call` of the site file" });
  }
  return problems;
}

/** The outputs that alarms name, each with its place in `edge.yaml`. */
export function alarmOutputs(alarms: AlarmsConfig | undefined): { path: readonly PropertyKey[]; output: string }[] {
  const own = alarms?.outputs ?? [];
  const ofRules = alarms?.rules ?? [];
  return [
    ...own.map((output, index) => ({ path: ["alarms", "outputs", index], output })),
    ...ofRules.flatMap(({ outputs }, index) =>
      outputs.map((output, place) => ({ path: ["alarms", "rules", index, "outputs", place], output })),
    ),
  ];
}
