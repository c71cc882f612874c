import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { generatedFiles } from "./generated.ts";

/** Writes what is made from the contract. The same contract always makes the same bytes. */
const root = join(import.meta.dirname, "..");
for (const [path, content] of generatedFiles()) {
  mkdirSync(join(root, dirname(path)), { recursive: true });
  writeFileSync(join(root, path), content);
}
