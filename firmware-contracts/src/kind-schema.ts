import { z } from "zod";

const fieldSchema = z.looseObject({
  type: z.enum(["number", "integer", "string", "boolean"]),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  minLength: z.number().optional(),
  maxLength: z.number().optional(),
  pattern: z.string().optional(),
  description: z.string().optional(),
});

/** The keywords of JSON Schema that the contract uses; any other would go unchecked, so it is refused. */
export const kindSchema = z.strictObject({
  $schema: z.string(),
  $id: z.string(),
  title: z.string(),
  description: z.string(),
  type: z.literal("object"),
  properties: z.record(z.string(), fieldSchema),
  required: z.array(z.string()).default([]),
  not: z.strictObject({ required: z.array(z.string()) }).optional(),
  oneOf: z.array(z.strictObject({ required: z.array(z.string()) })).optional(),
  dependentRequired: z.record(z.string(), z.array(z.string())).default({}),
});
export type KindSchema = z.output<typeof kindSchema>;
export type FieldSchema = z.output<typeof fieldSchema>;
