/** (a) Device ingest at QoS 1, validated and synced, beside mosquitto and bare aedes. */
import { join } from "node:path";
import { load } from "./run-load.ts";
import { startBareAedes, startMosquitto } from "./peers.ts";
import { perSecond, spread, type Section } from "./report.ts";
import { layOut, startEdge } from "./services.ts";

interface Shape {
  readonly connections: number;
  readonly window: number;
  readonly messages: number;
  /** Least ratio to mosquitto that the product promises. */
  readonly target: number | null;
}

const shapes: readonly Shape[] = [
  { connections: 1, window: 1, messages: 5_000, target: null },
  { connections: 1, window: 100, messages: 200_000, target: null },
  { connections: 10, window: 20, messages: 300_000, target: 0.8 },
  { connections: 100, window: 10, messages: 300_000, target: 1 },
];

/** What each peer takes in before it is measured. */
const warmUp_messages = 400_000;

export async function ingest(folder: string, rounds: number): Promise<Section> {
  const rates = new Map<string, number[]>();
  const note = (peer: string, { connections, window }: Shape, rate: number): void => {
    const key = `${peer} ${connections}x${window}`;
    rates.set(key, [...(rates.get(key) ?? []), rate]);
  };
  for (let round = 0; round < rounds; round++) {
    const place = await layOut(join(folder, `ingest-${round}`));
    const peers = [
      ["gengfu", await startEdge(place)],
      ["mosquitto", await startMosquitto(join(folder, `ingest-${round}`))],
      ["aedes", await startBareAedes()],
    ] as const;
    try {
      // all of them are measured as services that have run for a while
      for (const [, { port }] of peers) await load({ connections: 10, window: 20, messages: warmUp_messages, port });
      for (const shape of shapes) {
        for (const [name, { port }] of peers) {
          note(name, shape, (await load({ ...shape, port })).rate);
          console.log(
            `  ${name} ${shape.connections}x${shape.window}: ${perSecond(rates.get(`${name} ${shape.connections}x${shape.window}`)?.at(-1) ?? 0)}`,
          );
        }
      }
    } finally {
      for (const [, peer] of peers) await peer.stop();
    }
  }
  const of = (peer: string, { connections, window }: Shape): number[] =>
    rates.get(`${peer} ${connections}x${window}`) ?? [];
  const rows = shapes.flatMap((shape) => {
    const name = `${shape.connections} connections, window ${shape.window}`;
    const ratios = (peer: string): number[] =>
      of("gengfu", shape).map((rate, index) => rate / (of(peer, shape)[index] ?? NaN));
    const ratio = ratios("mosquitto");
    const middle = ratio.toSorted((a, b) => a - b)[ratio.length >> 1] ?? 0;
    return [
      { what: `${name}: edge`, value: spread(of("gengfu", shape), perSecond), target: "", reached: null },
      { what: `${name}: mosquitto`, value: spread(of("mosquitto", shape), perSecond), target: "", reached: null },
      { what: `${name}: bare aedes`, value: spread(of("aedes", shape), perSecond), target: "", reached: null },
      {
        what: `${name}: ratio to mosquitto`,
        value: spread(ratio),
        target: shape.target === null ? "" : `at least ${shape.target}`,
        reached: shape.target === null ? null : middle >= shape.target,
      },
    ];
  });
  return {
    title: "Device ingest at QoS 1",
    command: "npm run bench -- ingest",
    rows,
    notes: [
      "The edge validates each payload and acknowledges after a synced commit; mosquitto (persistence on) and bare aedes sync nothing.",
      `Each peer has taken in ${warmUp_messages} messages before.`,
      "One connection with a window of 1 measures the disk's sync, once for each message.",
    ],
  };
}
