import type { Metric } from "../api/metrics.ts";
import { refusals, type TransmissionStats } from "./transmission-stats.ts";

/** What `GET /metrics` tells of the transmission devices. */
export function transmissionMetrics(stats: TransmissionStats): Metric[] {
  return [
    one("gauge", "connections", "Connections of transmission devices.", stats.connections),
    one("counter", "frames_total", "Good frames of transmission devices since the start.", stats.frames),
    one("counter", "heartbeats_total", "Of those, the ones without data.", stats.heartbeats),
    one("counter", "readings_total", "Readings taken over from transmission devices.", stats.readings),
    one("counter", "repeated_total", "Frames that came again and were known.", stats.repeated),
    one("counter", "quarantined_total", "Frames whose data could not be decoded.", stats.quarantined),
    one("counter", "skipped_bytes_total", "Bytes that belonged to no good frame.", stats.skipped_bytes),
    {
      name: "gb26875_refused_total",
      help: "Frames and connections of transmission devices that were refused, by the reason.",
      type: "counter",
      samples: refusals.map((reason) => ({ labels: { reason }, value: stats.refused[reason] })),
    },
  ];
}

function one(type: "gauge" | "counter", name: string, help: string, value: number): Metric {
  return { name: `gb26875_${name}`, help, type, samples: [{ value }] };
}
