/** How the page stands with the live stream. Times are by the service's clock. */
export interface Connection {
  readonly kind: "connecting" | "live" | "reconnecting";
  readonly since: number;
  readonly heardAt: number | null;
}

export type ConnectionEvent = { readonly type: "opened" | "heard" | "lost"; readonly at: number };

/** A live stream on which nothing came for so long is stale: the service sends at least a comment far more often. */
export const stale_ms = 25_000;

export function stepConnection(connection: Connection, { type, at }: ConnectionEvent): Connection {
  switch (type) {
    case "opened":
      return { kind: "live", since: at, heardAt: at };
    case "heard":
      // once a second is as fine as it is shown
      return connection.heardAt !== null && at - connection.heardAt < 1_000
        ? connection
        : { ...connection, heardAt: at };
    case "lost":
      return connection.kind === "live"
        ? { ...connection, kind: "reconnecting", since: connection.heardAt ?? at }
        : connection;
  }
}

export type Liveness = "connecting" | "live" | "stale" | "reconnecting";

/** What may be said of the values on the page: only `live` ones are as things stand. */
export function livenessOf(connection: Connection, now: number): Liveness {
  if (connection.kind !== "live") return connection.kind;
  return now - (connection.heardAt ?? connection.since) > stale_ms ? "stale" : "live";
}
