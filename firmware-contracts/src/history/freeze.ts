/**
 * Keeps the contract as it stands under a version, for ever: `node firmware-contracts/src/history/freeze.ts 1.1`. What
 * was once written is never written again.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatJson } from "../json-schema.ts";
import { snapshot } from "./snapshot.ts";

const [version = ""] = process.argv.slice(2);
const file = join(import.meta.dirname, "..", "..", "history", `v${version}.json`);
writeFileSync(file, `${formatJson(snapshot(version))}\n`, { flag: "wx" });
console.log(`${file}; put its SHA-256 into history.test.ts and the version into VERSIONING.md`);
