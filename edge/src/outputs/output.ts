/** Something that the gateway switches: a siren, a beacon, a relay, a reader's LED or buzzer. */
export interface Output {
  /** As the configuration names it. */
  readonly name: string;
  /** Switches it. Rejects where the hardware refuses; whoever asked says so. */
  set(on: boolean): Promise<void>;
}

/** The configured outputs, by name. */
export type Outputs = ReadonlyMap<string, Output>;
