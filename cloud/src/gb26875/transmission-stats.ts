/** Why frames and connections are refused. */
export const refusals = [
  "unknown_address",
  "other_address",
  "damaged",
  "too_long",
  "unknown_command",
  "hopeless",
  "connections",
  "tls",
] as const;
export type Refusal = (typeof refusals)[number];

export interface TransmissionStats {
  /** Connections of known devices. */
  readonly connections: number;
  /** Since the start, as all that follows. */
  readonly frames: number;
  readonly heartbeats: number;
  readonly readings: number;
  /** Frames that were in the log already. */
  readonly repeated: number;
  /** Frames whose data could not be decoded; they are in quarantine. */
  readonly quarantined: number;
  readonly skipped_bytes: number;
  readonly refused: Readonly<Record<Refusal, number>>;
}
