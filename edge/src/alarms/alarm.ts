import type { Kind, Reading } from "@gengfu/shared/model/reading";

/** An urgent alert as the gateway raised it; kept as JSON. */
export interface Alarm {
  /** The same as in the cloud. */
  readonly id: string;
  readonly rule: string;
  readonly device: string | null;
  readonly measure: Kind | null;
  readonly channel: string | null;
  /** When it began to fire, epoch milliseconds. */
  readonly at: number;
  readonly value: number | null;
  /** It came to light so late that nobody is told, unless it proves to hold still. */
  readonly isQuiet: boolean;
  /** The reading by whose time it is named, where the gateway did not know the time; else null. */
  readonly origin: Reading | null;
  readonly isCleared: boolean;
  /** Someone has acknowledged it, in the cloud or at the button. */
  readonly isSilenced: boolean;
  /** The cloud said that it has it: telling people is its business now. */
  readonly isTold: boolean;
  /** How often people were texted of it. */
  readonly texts: number;
}

/** What only the running process knows of an alarm, by monotonic time. After a restart waiting begins anew. */
export interface AlarmTimes {
  /** When it came to light here. */
  readonly since_ms: number;
  readonly textedAt_ms: number | null;
  readonly clearedAt_ms: number | null;
}

/** Whether there is a connection to the cloud, and since when that is so, by monotonic time. */
export interface CloudView {
  readonly isConnected: boolean;
  readonly since_ms: number;
}

export interface Patience {
  readonly cloud_patience: number;
  readonly repeat_every: number;
  readonly repeat_times: number;
}

/**
 * When people are to be texted of an alarm, by monotonic time; null for never, as things stand. At once where the cloud
 * has been gone for long; otherwise it has its time to say that it knows.
 */
export function textDue_ms(
  alarm: Alarm,
  { since_ms, textedAt_ms }: AlarmTimes,
  cloud: CloudView,
  { cloud_patience, repeat_every, repeat_times }: Patience,
): number | null {
  if (alarm.isQuiet || alarm.isSilenced || alarm.isTold || alarm.texts >= repeat_times) return null;
  // what is over by now still happened: people are told of it once
  if (alarm.texts > 0 && alarm.isCleared) return null;
  const again_ms = alarm.texts > 0 && textedAt_ms !== null ? textedAt_ms + repeat_every : since_ms;
  if (cloud.isConnected) return Math.max(again_ms, Math.max(since_ms, cloud.since_ms) + cloud_patience);
  return Math.max(again_ms, Math.min(since_ms, cloud.since_ms) + cloud_patience);
}

/** The series that an alarm is of, and its rule. */
export function alarmSeries({ rule, device, measure, channel }: Alarm): string {
  return `${rule}/${device ?? "-"}/${measure ?? "-"}/${channel ?? "-"}`;
}
