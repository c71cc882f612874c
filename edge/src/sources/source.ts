import type { Deliver } from "../intake/message.ts";

/** Where readings come from, other than the device broker: lines, buses, readers. */
export interface Source {
  /** As it stands in logs. */
  readonly name: string;
  /** Readings that it had to drop since the intake did not take them over. */
  readonly dropped: number;
  /**
   * Begins to deliver. Where what it needs is missing it says so once, in the log and as a trouble, and does nothing:
   * the gateway goes on with the sources that work.
   */
  start(deliver: Deliver): Promise<void>;
  /** Ends, and gives back all that it holds. What it had read before has been handed to `deliver`, or is counted. */
  stop(): Promise<void>;
}
