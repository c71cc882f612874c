/**
 * Limits that no rule of a site file states. Everything else (tank levels, boiler temperatures, pressures, contacts)
 * is drawn from the rules, so that the screen and the alerts never disagree.
 */
export interface Figures {
  /** A tank that sinks faster than this through the night, m/h, is drawn as leaking: nobody draws water then. */
  readonly night_leak_m_per_h: number;
  /** A rise of the ten-minute mean of at least this much, m, counts as refill and not as a ripple of the sensor. */
  readonly refill_step_m: number;
  /** Below this a device's battery is drawn as low, V; a lithium cell is nearly empty at 3.3 V. */
  readonly battery_low_volts: number;
  /** Below this a device's radio link is drawn as weak, dBm. */
  readonly rssi_weak_dbm: number;
  /** From so many readings on a gateway's backlog is drawn as a trouble: minutes of an outage, not a hiccup. */
  readonly backlog_high: number;
}

export const defaultFigures: Figures = {
  night_leak_m_per_h: 0.01,
  refill_step_m: 0.02,
  battery_low_volts: 3.3,
  rssi_weak_dbm: -85,
  backlog_high: 1_000,
};
