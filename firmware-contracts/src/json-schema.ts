import { deviceKinds } from "@gengfu/shared/model/reading";
import { z } from "zod";
import { errorAnswer, payloads, tapAnswer } from "./contract/payloads.ts";

/** The JSON Schemas (draft 2020-12) of the payloads of every kind and of the edge's answers, by file name. */
export function jsonSchemas(): Map<string, Record<string, unknown>> {
  const all = [
    ...deviceKinds.map((kind) => [kind, payloads[kind]] as const),
    ["error", errorAnswer] as const,
    ["feedback", tapAnswer] as const,
  ];
  return new Map(all.map(([name, schema]) => [`${name}.schema.json`, jsonSchema(name, schema)]));
}

function jsonSchema(name: string, schema: z.ZodType): Record<string, unknown> {
  // what goes in: fields that the contract doesn't know are allowed
  const { $schema, ...rest } = z.toJSONSchema(schema, { target: "draft-2020-12", io: "input" });
  return { $schema, $id: `urn:gengfu:v1:${name}`, title: `gengfu/v1/<device>/${name}`, ...rest };
}

const line_columns_max = 120;

/** JSON as the formatter leaves it: objects over several lines, lists of plain values on one where they fit. */
export function formatJson(value: unknown, indent = "", column = 0): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const line = `[${value.map((item) => JSON.stringify(item)).join(", ")}]`;
    const isPlain = value.every((item) => typeof item !== "object" || item === null);
    if (isPlain && column + line.length < line_columns_max) return line;
    return `[\n${value.map((item) => `${inner}${formatJson(item, inner, inner.length)}`).join(",\n")}\n${indent}]`;
  }
  const lines = Object.entries(value).map(([key, item]) => {
    const start = `${inner}${JSON.stringify(key)}: `;
    return start + formatJson(item, inner, start.length);
  });
  return lines.length === 0 ? "{}" : `{\n${lines.join(",\n")}\n${indent}}`;
}
