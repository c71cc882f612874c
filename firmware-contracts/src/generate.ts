import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatJson, jsonSchemas } from "./json-schema.ts";

/** Writes the JSON Schemas to `schema/`. The same contract always makes the same bytes. */
const folder = join(import.meta.dirname, "..", "schema");
mkdirSync(folder, { recursive: true });
for (const [name, schema] of jsonSchemas()) writeFileSync(join(folder, name), `${formatJson(schema)}\n`);
