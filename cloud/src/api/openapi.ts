import { createJsonSchemaTransform, createJsonSchemaTransformObject } from "fastify-type-provider-zod";

/** What the description says besides the routes. */
export const documentInfo = {
  openapi: "3.1.0",
  info: {
    title: "Gengfu cloud API",
    version: "1",
    description:
      "Readings, alerts, rounds and the state of gateways and devices of a guarded site. Times are epoch milliseconds " +
      "(UTC) everywhere; queries also take ISO 8601 with its zone. A period includes `from` and not `to`. Errors are " +
      "RFC 9457 problem details, and where a query or body breaks its schema they name every mistake.",
    license: { name: "Apache-2.0", identifier: "Apache-2.0" },
  },
  servers: [{ url: "/" }],
  tags: [
    { name: "readings", description: "What was measured and what happened." },
    { name: "alerts", description: "What someone has to see to, and the messages about it." },
    { name: "findings", description: "The rectification ledger: problems found, and what becomes of them." },
    { name: "site", description: "The site, its gateways and its devices." },
    { name: "patrol", description: "Rounds of the guards." },
    { name: "live", description: "What happens now." },
    { name: "session", description: "Signing the console in." },
    { name: "operation", description: "Running the cloud." },
  ],
  components: {
    securitySchemes: {
      token: { type: "http", scheme: "bearer", description: "A token of the cloud's configuration." },
      session: { type: "apiKey", in: "cookie", name: "gengfu_session", description: "The console's session." },
    },
  },
  security: [{ token: [] }, { session: [] }],
} satisfies Document;

interface Document {
  openapi: string;
  info: { title: string; version: string; description: string; license: { name: string; identifier: string } };
  servers: { url: string }[];
  tags: { name: string; description: string }[];
  components: { securitySchemes: Record<string, Scheme> };
  security: Record<string, string[]>[];
}

type Scheme =
  | { type: "http"; scheme: string; description: string }
  | { type: "apiKey"; in: "cookie"; name: string; description: string };

type Config = NonNullable<NonNullable<Parameters<typeof createJsonSchemaTransform>[0]>["zodToJsonConfig"]>;

const zodToJsonConfig: Config = {
  override: ({ jsonSchema }) => {
    // the limits of what a double holds exactly, which zod states for every integer, tell the reader nothing
    if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  },
};

export const describeRoute = createJsonSchemaTransform({ zodToJsonConfig });

export const describeSchemas = createJsonSchemaTransformObject({ zodToJsonConfig });

/** The document without the variants for input of schemas that only responses use. */
export function finish(document: object): Record<string, unknown> {
  const { components } = document as { components?: { schemas?: Record<string, unknown> } };
  const schemas = Object.entries(components?.schemas ?? {}).filter(([name]) => !name.endsWith("Input"));
  return { ...document, components: { ...components, schemas: Object.fromEntries(schemas) } };
}
