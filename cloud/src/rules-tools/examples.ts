import { dirname, resolve } from "node:path";
import { readConfig } from "@gengfu/shared/config/reader";
import { identifier } from "@gengfu/shared/model/identifier";
import { deviceKinds, type StoredReading } from "@gengfu/shared/model/reading";
import { severities } from "@gengfu/shared/model/rule";
import { gatewayOf, site as siteSchema, type Site } from "@gengfu/shared/model/site";
import type { Effect } from "@gengfu/shared/rules/effect";
import { duration, formatDuration } from "@gengfu/shared/time/duration";
import { z } from "zod";
import { Playback } from "./playback.ts";

const value = z.union([z.number(), z.boolean()]).transform(Number);

const happening = z.union([
  z.strictObject({
    at: duration.describe("When it was measured, since the beginning."),
    arrives: duration.optional().describe("When it arrives; at once by default."),
    device: identifier,
    kind: z.enum(deviceKinds).default("contact"),
    channel: identifier.optional(),
    value: value.optional().describe("In the kind's unit; true or false of a contact."),
    values: z.array(value).min(1).optional().describe("Several, `every` so long."),
    every: duration.optional(),
  }),
  z.strictObject({
    at: duration,
    gateway: identifier.describe("A gateway that comes or goes; they are there from the beginning."),
    connected: z.boolean(),
  }),
]);

const outcome = z.strictObject({
  at: duration.describe("When it happened, since the beginning."),
  raise: identifier.optional().describe("The rule whose alert is raised,"),
  clear: identifier.optional().describe("or clears,"),
  rise: identifier.optional().describe("or is of another severity,"),
  confirm: identifier.optional().describe("or, raised in retrospect, still holds."),
  device: identifier.optional(),
  channel: identifier.optional(),
  severity: z.enum(severities).optional().describe("Of a rise: what it becomes."),
  retrospective: z.boolean().optional(),
});

const examplesFile = z.strictObject({
  site: z.string().describe("The site file with the rules; relative to this file."),
  examples: z
    .array(
      z.strictObject({
        name: z.string(),
        rules: z.array(identifier).optional().describe("Only these rules; all by default."),
        begin: z
          .string()
          .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$/, "a time such as 2026-01-05T22:00, by the site's clock")
          .default("2026-01-05T08:00"),
        given: z.array(happening).default([]),
        until: duration.optional().describe("When it ends; a minute after the last that is told by default."),
        expect: z.array(outcome),
      }),
    )
    .min(1),
});
type Example = z.output<typeof examplesFile>["examples"][number];

export interface Verdict {
  readonly name: string;
  /** Null where it is as expected; else what came, beside what was expected. */
  readonly failure: { readonly expected: readonly string[]; readonly came: readonly string[] } | null;
}

/** Runs the examples of a file. Throws ConfigError where it or its site file breaks its schema. */
export function runExamples(file: string): Verdict[] {
  const { site: path, examples } = readConfig(file, examplesFile);
  const site = readConfig(resolve(dirname(file), path), siteSchema);
  return examples.map((example) => judge(site, example));
}

function judge(site: Site, example: Example): Verdict {
  const begin = Temporal.PlainDateTime.from(example.begin).toZonedDateTime(site.time_zone).epochMilliseconds;
  const only = example.rules;
  const unknown = only?.filter((id) => !site.rules.some((rule) => rule.id === id)) ?? [];
  if (unknown.length > 0)
    return { name: example.name, failure: { expected: [`rules ${unknown.join(", ")}`], came: ["none such"] } };
  const rules = only === undefined ? site.rules : site.rules.filter(({ id }) => only.includes(id));
  const playback = new Playback([{ ...site, rules }], { now: begin, tick_ms: 1_000 });
  const acts = actsOf(site, example, begin);
  for (const { at, act } of acts) {
    playback.passTo(begin + at);
    act(playback);
  }
  const last = Math.max(0, ...acts.map(({ at }) => at), ...example.expect.map(({ at }) => at));
  playback.passTo(begin + (example.until ?? last + 60_000));
  const came = playback.effects.toSorted((a, b) => a.at - b.at);
  const isRight =
    came.length === example.expect.length && example.expect.every((one, index) => matches(one, came[index], begin));
  const failure = { expected: example.expect.map(tellExpected), came: came.map((effect) => tell(effect, begin)) };
  return { name: example.name, failure: isRight ? null : failure };
}

interface Act {
  readonly at: number;
  readonly act: (playback: Playback) => void;
}

function actsOf(site: Site, { given }: Example, begin: number): Act[] {
  let seq = 0;
  return given
    .flatMap((one): Act[] => {
      if ("gateway" in one)
        return [{ at: one.at, act: (playback) => playback.setConnected(one.gateway, one.connected) }];
      const { at, device, kind, channel = null, every = 1_000 } = one;
      const values = one.values ?? [one.value ?? null];
      const known = site.devices.find(({ id }) => id === device);
      const gateway = known === undefined ? (site.gateways[0]?.id ?? "") : gatewayOf(site, known);
      return values.map((each, index): Act => {
        const made = begin + at + index * every;
        const reading: StoredReading = {
          gateway,
          epoch: 1,
          seq: ++seq,
          device,
          kind,
          channel,
          at: made,
          receivedAt: made,
          clock: "synchronised",
          value: each,
          detail: null,
        };
        return { at: (one.arrives ?? at) + index * every, act: (playback) => playback.read(reading) };
      });
    })
    .sort((a, b) => a.at - b.at);
}

const kinds = ["raise", "clear", "rise", "confirm"] as const;

function matches(expected: Example["expect"][number], effect: Effect | undefined, begin: number): boolean {
  if (effect === undefined || effect.kind === "pending") return false;
  if (expected[effect.kind] !== effect.rule || begin + expected.at !== effect.at) return false;
  if (expected.retrospective !== undefined && expected.retrospective !== (effect.retrospective ?? false)) return false;
  return (["device", "channel", "severity"] as const).every((key) => (expected[key] ?? effect[key]) === effect[key]);
}

function tellExpected(expected: Example["expect"][number]): string {
  const kind = kinds.find((one) => expected[one] !== undefined) ?? "raise";
  const { at, device, channel, severity, retrospective } = expected;
  return line(at, kind, expected[kind] ?? "-", { device, channel, severity, retrospective });
}

function tell(effect: Effect, begin: number): string {
  return line(effect.at - begin, effect.kind, effect.rule, effect);
}

function line(
  at: number,
  kind: string,
  rule: string,
  {
    device,
    channel,
    severity,
    retrospective,
  }: { [key in "device" | "channel" | "severity" | "retrospective"]?: unknown },
): string {
  const series = [device, channel].filter((part) => typeof part === "string").join("/");
  const rest = [series, severity, retrospective === true ? "in retrospect" : ""].filter(
    (part) => typeof part === "string" && part !== "",
  );
  return [`${formatDuration(at)}:`, kind, rule, ...rest].join(" ");
}
