import { duration } from "@gengfu/shared/time/duration";
import { z } from "zod";

/** What is made of cards that are held to readers, whichever way they report. */
export const tapsSchema = z
  .strictObject({
    repeat_within: duration
      .default(5_000)
      .describe(
        "Reads of one card at one reader that lie less than this apart are one tap; 0s: each is one. 5s by default.",
      ),
    answer_within: duration
      .default(2_000)
      .describe("A tap that is not on the disk by then is answered as not stored; 2s by default."),
  })
  .prefault({});
export type TapsConfig = z.output<typeof tapsSchema>;
