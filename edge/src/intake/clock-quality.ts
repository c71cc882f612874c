import { existsSync } from "node:fs";
import type { ClockQuality } from "@gengfu/shared/model/reading";
import type { Clock } from "@gengfu/shared/time/clock";

/** Says how far the gateway's own clock is to be trusted. Asked for each reading: answer without effort. */
export interface ClockQualitySource {
  quality(): ClockQuality;
}

const recheck_ms = 10_000;
/** No earlier time can be true; a Raspberry Pi without network begins where it was last shut down, or in 1970. */
const earliest = Date.UTC(2026, 0, 1);

/**
 * Trusts the clock once the time service has left its file (systemd-timesyncd: /run/systemd/timesync/synchronized).
 * Where none is configured, it is trusted from 2026 on.
 */
export function syncFileClockQuality(file: string | undefined, clock: Clock): ClockQualitySource {
  let checkedAt = -Infinity;
  let synchronised = false;
  return {
    quality() {
      const now = clock.monotonic();
      if (now - checkedAt >= recheck_ms) {
        checkedAt = now;
        synchronised = file === undefined ? clock.now() >= earliest : existsSync(file);
      }
      return synchronised ? "synchronised" : "unsynchronised";
    },
  };
}
