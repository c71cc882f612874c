import { z } from "zod";

export const languages = ["zh", "en"] as const;
export type Language = (typeof languages)[number];

/** A name or message in both languages. */
export type Text = Readonly<Record<Language, string>>;

/** In a configuration file: `{ zh: ..., en: ... }`, or one text that serves for both. */
export const text = z
  .union([
    z.string().min(1).max(200),
    z.strictObject({ zh: z.string().min(1).max(200), en: z.string().min(1).max(200) }),
  ])
  .transform((value): Text => (typeof value === "string" ? { zh: value, en: value } : value));
