import type { Reading } from "@gengfu/shared/model/reading";

/** Reports that are remembered as active for one transmission device; what comes beyond is told and not remembered. */
const active_max = 4_096;
/** Not a signal that anyone clears: true of each part by itself. */
const untracked = "normal";

/** What a reading says of a contact: which part reported it, and what, where the contact does not follow. */
type ContactReading = Pick<Reading, "device" | "channel" | "value" | "detail">;

/** Several parts may stand behind one contact of a device, as all detectors do behind a panel's `fire`: it is closed while any signals. */
export class Contacts {
  /** By device and channel, the parts that signal. */
  readonly #active = new Map<string, Set<string>>();
  #count = 0;

  constructor(saved: Iterable<readonly [string, readonly string[]]> = []) {
    for (const [key, parts] of saved) {
      this.#active.set(key, new Set(parts));
      this.#count += parts.length;
    }
  }

  /** As the constructor takes it back. */
  get saved(): [string, string[]][] {
    return [...this.#active].map(([key, parts]) => [key, [...parts]]);
  }

  copy(): Contacts {
    return new Contacts(this.saved);
  }

  /** Takes note of a contact's reading that says which part reported it; of others nothing. */
  take({ device, channel, value, detail }: ContactReading): void {
    const part = detail?.["part"];
    if (typeof part !== "string" || channel === null) return;
    this.report(device, channel, part, (detail?.["reported"] ?? value) === 1);
  }

  /** A part says what it signals; a system that says "no" says so for its components too. Answers what the contact then is. */
  report(device: string, channel: string, part: string, signals: boolean): boolean {
    if (channel.endsWith(untracked)) return signals;
    const key = `${device} ${channel}`;
    const parts = this.#active.get(key) ?? new Set();
    const before = parts.size;
    if (!signals) {
      for (const each of parts) if (each === part || each.startsWith(`${part}-`)) parts.delete(each);
    } else if (this.#count < active_max) parts.add(part);
    this.#count += parts.size - before;
    if (parts.size === 0) this.#active.delete(key);
    else this.#active.set(key, parts);
    return signals || parts.size > 0;
  }

  has(device: string, channel: string, part: string): boolean {
    return this.#active.get(`${device} ${channel}`)?.has(part) ?? false;
  }

  /** Devices and channels at which components of a system signal one of these, the system itself left aside. */
  below(system: string, channels: readonly string[]): { device: string; channel: string }[] {
    return [...this.#active].flatMap(([key, parts]) => {
      const [device = "", channel = ""] = key.split(" ");
      const named = channels.some((name) => channel === name || channel.endsWith(`-${name}`));
      return named && [...parts].some((part) => part.startsWith(`${system}-`)) ? [{ device, channel }] : [];
    });
  }
}
