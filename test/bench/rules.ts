/** (f) Readings through the rules on one core, as rules and series grow. */
import type { StoredReading } from "@gengfu/shared/model/reading";
import { site as siteSchema } from "@gengfu/shared/model/site";
import { RuleBook } from "@gengfu/shared/rules/rule-book";
import { RuleStates } from "@gengfu/shared/rules/states";
import { step, type Input } from "@gengfu/shared/rules/step";
import { median, perSecond, spread, type Row, type Section } from "./report.ts";

const start = Date.UTC(2026, 0, 1);
/** What the cloud handles in one transaction. */
const batch_readings = 5_000;
const target_readings = 100_000;

/** Ten rules as sites have them, each on devices of its own; the last is a composition of two. */
function ruleOf(index: number, device: (kind: string, shift: number) => string): object {
  const level = { kind: "level", device: device("level", index) };
  const contact = { device: device("contact", index) };
  const when = [
    { type: "below", ...level, limit: 1.5, clear: 1.7 },
    { type: "above", ...level, limit: 2.6, clear: 2.5 },
    { type: "range", ...level, low: 1, high: 2.7, margin: 0.1 },
    { type: "contact", ...contact },
    { type: "contact", ...contact, closed: false },
    { type: "below", ...level, limit: 1.2 },
    { type: "falls", ...level, by: 1, within: "10m" },
    { type: "count", ...contact, times: 5, within: "10m" },
    { type: "above", ...level, limit: 2.4 },
    {
      type: "all",
      of: [
        { type: "contact", ...contact },
        { type: "below", ...level, limit: 1.4 },
      ],
    },
  ][index % 10];
  const about = [
    {},
    { for: "30s" },
    {},
    {},
    { for: "10s" },
    { active: { months: [11, 12, 1, 2, 3] } },
    {},
    {},
    { keep: "1m" },
    {},
  ];
  return { id: `r${index}`, name: "R", severity: "warning", when, ...about[index % 10] };
}

function courtWith(rules: number, series: number): ReturnType<typeof siteSchema.parse> {
  const kindOf = (index: number): string => (index % 3 === 0 ? "contact" : "level");
  const devices = Array.from({ length: series }, (_, index) => ({
    id: `d${index}`,
    name: "D",
    secret: "x",
    measures: [{ kind: kindOf(index) }],
  }));
  const device = (kind: string, shift: number): string => {
    const index = (shift * 3 + (kind === "contact" ? 0 : 1)) % (series - (series % 3));
    return `d${index}`;
  };
  return siteSchema.parse({
    id: "court",
    name: "Court",
    gateways: [{ id: "gw", name: "Gateway", secret: "x" }],
    devices,
    rules: [
      ...Array.from({ length: rules - 2 }, (_, index) => ruleOf(index, device)),
      { id: "all-levels", name: "R", severity: "info", when: { type: "below", kind: "level", limit: 0.5 } },
      { id: "silent", name: "R", severity: "info", when: { type: "device_silent", after: "10m" } },
    ],
  });
}

/** Readings of all series in turn, one each ten seconds; levels move, some contacts change. */
function* readingsOf(series: number, count: number): Generator<StoredReading> {
  for (let index = 0; index < count; index++) {
    const which = index % series;
    const round = Math.floor(index / series);
    const isContact = which % 3 === 0;
    const at = start + round * 10_000 + Math.floor((which * 10_000) / series);
    yield {
      gateway: "gw",
      epoch: 1,
      seq: index + 1,
      device: `d${which}`,
      kind: isContact ? "contact" : "level",
      channel: null,
      at,
      receivedAt: at,
      clock: "synchronised",
      value: isContact ? Number((round + which) % 40 === 0) : 2 + Math.sin((round + which) / 20),
      detail: null,
    };
  }
}

/** Nanoseconds for a reading. */
function cost(rules: number, series: number, count: number): { ns: number; effects: number } {
  const book = new RuleBook([courtWith(rules, series)]);
  const states = new RuleStates();
  const batches: Input[][] = [];
  for (const reading of readingsOf(series, count)) {
    const last = batches.at(-1);
    const input: Input = { type: "reading", reading, now: reading.at + 50 };
    if (last === undefined || last.length === batch_readings) batches.push([input]);
    else last.push(input);
  }
  let effects = 0;
  const run = (inputs: readonly Input[]): void => {
    const { changes, effects: made } = step(book, states, inputs);
    states.apply(changes);
    effects += made.length;
  };
  // every series is known, and the code is compiled, before it counts
  const warm = Math.ceil(batches.length / 3);
  for (const batch of batches.slice(0, warm)) run(batch);
  const began = process.hrtime.bigint();
  batches.slice(warm).forEach((batch, index) => {
    run(batch);
    // once a second, as the cloud does, at the rate that is asked for
    if (index % (target_readings / batch_readings) === 0) run([{ type: "tick", now: batch.at(-1)?.now ?? start }]);
  });
  const ns = Number(process.hrtime.bigint() - began);
  const counted = batches.slice(warm).reduce((sum, { length }) => sum + length, 0);
  return { ns: ns / counted, effects };
}

export function rules(rounds: number): Section {
  const measured = (many: number, series: number, count: number): number[] =>
    Array.from({ length: rounds }, () => cost(many, series, count).ns);
  const main = measured(500, 1_000, 600_000);
  const rates = main.map((ns) => 1e9 / ns);
  const rows: Row[] = [
    {
      what: "500 rules, 1,000 series",
      value: spread(rates, perSecond),
      target: `at least ${target_readings / 1_000}k/s`,
      reached: median(rates) >= target_readings,
    },
  ];
  for (const many of [10, 100, 1_000]) {
    for (const series of [100, 1_000, 10_000]) {
      const ns = measured(many, series, 300_000);
      rows.push({
        what: `${many.toLocaleString("en")} rules, ${series.toLocaleString("en")} series: for each reading`,
        value: spread(ns, (value) => `${value.toFixed(0)} ns`),
        target: "",
        reached: null,
      });
    }
  }
  return {
    title: "Readings through the rules, on one core",
    command: "npm run bench -- rules",
    rows,
    notes: [
      "Batches of 5,000, a tick for every 100,000 readings; states are kept in memory, without the transaction that the cloud makes of each batch.",
      "A reading costs by the rules that look at its series: with 1,000 rules and 100 series these are 10 to 20, with 10,000 series one for some, and for most only the two of all devices.",
    ],
  };
}
