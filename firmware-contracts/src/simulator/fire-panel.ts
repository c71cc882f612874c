import { isDue, measurement, type Measurement, type Moment, type Outlet } from "./moment.ts";

/**
 * The dry contacts of a fire panel. Each closes for what it is named after (`fire`, `fault`, `mains`: the mains has
 * failed) and is open while all is well. Each is reported at start, on a change, and every four minutes as a
 * sign of life: a panel that someone else closes a contact of, for a test, is not contradicted at once.
 */
export interface FirePanel {
  readonly contacts: readonly Contact[];
}

export interface Contact {
  readonly outlet: Outlet;
  /** Closed until this time of the world; 0 while open. */
  readonly closed_until_ms: number;
  readonly reported: boolean | null;
}

const heartbeat_ms = 240_000;

export function createFirePanel(outlets: readonly Outlet[]): FirePanel {
  return { contacts: outlets.map((outlet) => ({ outlet, closed_until_ms: 0, reported: null })) };
}

/** Closes the contacts of a channel until a time of the world. */
export function pressContact(panel: FirePanel, channel: string, until_ms: number): FirePanel {
  return {
    contacts: panel.contacts.map((contact) =>
      contact.outlet.channel === channel ? { ...contact, closed_until_ms: until_ms } : contact,
    ),
  };
}

export function stepFirePanel(panel: FirePanel, moment: Moment): { panel: FirePanel; measurements: Measurement[] } {
  const measurements: Measurement[] = [];
  const contacts = panel.contacts.map((contact) => {
    const closed = moment.elapsed_ms < contact.closed_until_ms;
    if (closed === contact.reported && !isDue(moment, heartbeat_ms)) return contact;
    measurements.push(measurement(contact.outlet, "contact", { closed }));
    return { ...contact, reported: closed };
  });
  return { panel: { contacts }, measurements };
}
