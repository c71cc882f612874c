/** Return codes of a CONNACK that refuses, MQTT 3.1.1 section 3.2.2.3. */
export const refusedBecause = { identifier: 2, unavailable: 3, credentials: 4, not_authorised: 5 } as const;

export type RefusalCode = (typeof refusedBecause)[keyof typeof refusedBecause];

/** The error with which a broker's hook refuses a sign-on. */
export type SignOnRefusal = Error & { returnCode: RefusalCode };

export function signOnRefusal(returnCode: RefusalCode, reason: string): SignOnRefusal {
  return Object.assign(new Error(reason), { returnCode });
}

/**
 * Makes a CONNECT one that keeps users apart: nobody can take over another's connection by its client id, and no
 * session is kept while its client is away.
 */
export function keepApart(packet: { clientId: string; clean?: boolean; readonly username?: string }): void {
  if (packet.clientId !== "") packet.clientId = `${packet.username ?? ""}/${packet.clientId}`;
  packet.clean = true;
}
