import { topicList } from "./contract/topic-list.ts";
import { cHeader } from "./header/c-header.ts";
import { formatJson, jsonSchemas } from "./json-schema.ts";

/** Every file that is made from the contract, by its path in this package. */
export function generatedFiles(): Map<string, string> {
  const schemas = [...jsonSchemas()].map(([file, schema]) => [`schema/${file}`, `${formatJson(schema)}\n`] as const);
  const topics = `${formatJson({ version: 1, topics: topicList })}\n`;
  return new Map([...schemas, ["schema/topics.json", topics], ["c/gengfu.h", cHeader()]]);
}
