import type { SiteDevice } from "@gengfu/shared/model/site";
import type { BridgeConfig } from "./schema.ts";

/** A mistake that only shows when the bridges are held against the site file. */
export interface ForeignProblem {
  readonly path: readonly PropertyKey[];
  readonly found: unknown;
  readonly allowed: string;
}

/** What the bridges name must be on site, and no user may stand for two. */
export function foreignProblems(bridges: readonly BridgeConfig[], devices: readonly SiteDevice[]): ForeignProblem[] {
  const known = new Map(devices.map((device) => [device.id, device]));
  const ofGateway = `one of the gateway's devices: ${[...known.keys()].join(", ")}`;
  return bridges.flatMap(({ id, broker, devices: claims, mappings }, index) => {
    const at = ["foreign", index];
    const problems: ForeignProblem[] = [];
    const wants = (path: readonly PropertyKey[], device: string, kind?: string, channel?: string): void => {
      const found = known.get(device);
      if (found === undefined) {
        problems.push({ path: [...at, ...path, "device"], found: device, allowed: ofGateway });
      } else if (channel !== undefined && !measures(found, kind, channel)) {
        const all = found.measures.map((measure) => `${measure.kind} ${measure.channel ?? "-"}`).join(", ");
        problems.push({
          path: [...at, ...path, "channel"],
          found: channel,
          allowed: `what ${device} measures: ${all}`,
        });
      }
    };
    if (broker === undefined && known.get(id)?.secret !== undefined) {
      problems.push({
        path: [...at, "id"],
        found: id,
        allowed: "a name that no device of the site file signs on with",
      });
    }
    for (const [name, claim] of Object.entries(claims)) {
      const path = ["devices", name];
      if (typeof claim === "string") wants(path, claim);
      else {
        wants(path, claim.device);
        for (const [value, choice] of Object.entries(claim.values)) {
          const at_value = [...path, "values", value];
          if (typeof choice === "string") wants(at_value, claim.device, undefined, choice);
          else if (choice !== false) wants(at_value, claim.device, choice.kind, choice.channel);
        }
      }
    }
    mappings.forEach(({ device, values }, place) => {
      if (device === undefined) return;
      wants(["mappings", place], device);
      values.forEach(({ kind, channel }, row) => wants(["mappings", place, "values", row], device, kind, channel));
    });
    // a device that is missing is named once
    return problems.filter(
      ({ path, found }, place) =>
        path.at(-1) !== "device" ||
        problems.findIndex((other) => other.path.at(-1) === "device" && other.found === found) === place,
    );
  });
}

function measures({ measures: all }: SiteDevice, kind: string | undefined, channel: string): boolean {
  return all.some((measure) => (kind === undefined || measure.kind === kind) && (measure.channel ?? "-") === channel);
}
