import type { UnclaimedDevice, UnclaimedReport } from "@gengfu/shared/uplink-protocol";

/** One of the unclaimed, with the gateway that it speaks to. */
export interface UnclaimedView extends UnclaimedDevice {
  readonly gateway: string;
}

/**
 * Who speaks to the gateways and is in no configuration, as each last said. In memory: a gateway tells it anew whenever
 * it connects.
 */
export class UnclaimedBook {
  readonly #reports = new Map<string, UnclaimedReport>();
  readonly #gateways: ReadonlySet<string>;

  constructor(gateways: Iterable<string>) {
    this.#gateways = new Set(gateways);
  }

  take(gateway: string, report: UnclaimedReport): void {
    if (this.#gateways.has(gateway)) this.#reports.set(gateway, report);
  }

  /** The one heard last first. */
  list(): UnclaimedView[] {
    return [...this.#reports]
      .flatMap(([gateway, { devices }]) => devices.map((device) => ({ gateway, ...device })))
      .toSorted((a, b) => b.lastSeenAt - a.lastSeenAt);
  }

  /** How many the gateways left out at their bounds. */
  get forgotten(): number {
    return [...this.#reports.values()].reduce((sum, report) => sum + report.forgotten, 0);
  }
}
