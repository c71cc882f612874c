import { duration } from "@gengfu/shared/time/duration";
import { z } from "zod";

/** A duration, or whole working days by the site's calendar. */
const timeLimit = z.union([
  duration,
  z.strictObject({
    working_days: z
      .int()
      .min(1)
      .max(260)
      .describe("Working days after the one on which it was found; it is due by the end of the last."),
  }),
]);
export type TimeLimit = z.output<typeof timeLimit>;

/** The times of the rectification ledger (整改台账), by the figures of service contracts. */
export const findingSettings = z.strictObject({
  due: z
    .strictObject({
      urgent: timeLimit.prefault("24h").describe("How long there is to put right what is urgent."),
      serious: timeLimit
        .prefault({ working_days: 7 })
        .describe("The same for what is serious; `{ working_days: N }` counts by the site's `calendar`."),
      ordinary: timeLimit.prefault("48h").describe("The same for what is ordinary."),
    })
    .prefault({})
    .describe("When a finding is due, by its grade."),
  proposal_within: duration.prefault("24h").describe("How long there is to say which measure will be taken."),
  defect_within: duration
    .prefault("1m")
    .describe("How soon after the own card a guard taps a defect's card, for the finding to be that guard's."),
  defect_wait: duration
    .prefault("10m")
    .describe("How long a tapped defect waits for a guard's tap that is still under way, before it stands without."),
});
export type FindingSettings = z.output<typeof findingSettings>;
