/** Writes the documents that are made from code: docs/errors.md and docs/configuration.md. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { configurationDocument, errorsDocument } from "./documents.ts";

const docs = join(import.meta.dirname, "..", "..", "docs");
writeFileSync(join(docs, "errors.md"), errorsDocument());
writeFileSync(join(docs, "configuration.md"), configurationDocument());
