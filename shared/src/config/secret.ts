import { z } from "zod";

/**
 * A secret in a configuration file: give it as `file:PATH` or `${NAME}`. Flagged, so that documents and logs know not
 * to show it.
 */
export function secret(description: string): z.ZodString {
  return z
    .string()
    .min(1)
    .meta({ description: `${description} A secret: give it as file:PATH or \${NAME}.`, secret: true });
}
