import { UsageError } from "../arguments.ts";
import { formatJson, jsonSchemas } from "../json-schema.ts";

export const schemaHelp = `Prints the JSON Schema of a kind's payload; without a kind, the list of kinds.
打印某一类型消息的 JSON Schema；不带参数则列出全部类型。

  schema [KIND]    such as: schema level`;

export function schema(args: readonly string[]): Promise<number> {
  const schemas = new Map([...jsonSchemas()].map(([file, content]) => [file.replace(".schema.json", ""), content]));
  const [kind] = args;
  if (kind === undefined) {
    for (const [name, { description }] of schemas) console.log(`${name.padEnd(12)}${String(description)}`);
    return Promise.resolve(0);
  }
  const found = schemas.get(kind);
  if (found === undefined || args.length > 1) {
    return Promise.reject(new UsageError(`found ${args.join(" ")}, allowed: one of ${[...schemas.keys()].join(", ")}`));
  }
  console.log(formatJson(found));
  return Promise.resolve(0);
}
