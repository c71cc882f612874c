/** What a modem says (3GPP TS 27.007, 27.005; ITU-T V.250). */
export type AtEvent =
  | { readonly type: "ok" }
  /** `code` is that of the standards; null where the modem gives none, or says it in words. */
  | {
      readonly type: "error";
      readonly of: "command" | "cms" | "cme";
      readonly code: number | null;
      readonly text: string;
    }
  /** It waits for the PDU. */
  | { readonly type: "prompt" }
  /** The network has taken a message. */
  | { readonly type: "sent"; readonly reference: number }
  /** What a command tells, or what the modem says by itself, such as RING. */
  | { readonly type: "line"; readonly text: string };

/** No answer that is looked at is longer; a PDU that is echoed is. */
const line_max = 1_024;

/** Lines out of chunks of any size. The modem's echo of commands is left out. */
export class AtParser {
  #held = "";
  #isTooLong = false;

  push(chunk: Uint8Array): AtEvent[] {
    const events: AtEvent[] = [];
    for (const byte of chunk) {
      if (byte === 0x0d || byte === 0x0a) this.#end(events);
      else if (byte === 0x3e && this.#held === "" && !this.#isTooLong) events.push({ type: "prompt" });
      else if (byte === 0x20 && this.#held === "") continue;
      else if (this.#held.length < line_max) this.#held += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "";
      else this.#isTooLong = true;
    }
    return events;
  }

  #end(events: AtEvent[]): void {
    const line = this.#held.trimEnd();
    const isWhole = !this.#isTooLong;
    this.#held = "";
    this.#isTooLong = false;
    const event = isWhole ? eventOf(line) : undefined;
    if (event !== undefined) events.push(event);
  }
}

function eventOf(line: string): AtEvent | undefined {
  if (line === "" || /^AT($|[+E&])/.test(line)) return undefined;
  if (line === "OK") return { type: "ok" };
  if (line === "ERROR") return { type: "error", of: "command", code: null, text: line };
  const refused = /^\+(CM[SE]) ERROR:\s*(.*)$/.exec(line);
  if (refused !== null) {
    const text = refused[2] ?? "";
    const code = /^\d{1,5}$/.test(text) ? Number(text) : null;
    return { type: "error", of: refused[1] === "CMS" ? "cms" : "cme", code, text: line };
  }
  const sent = /^\+CMGS:\s*(\d{1,3})/.exec(line);
  if (sent !== null) return { type: "sent", reference: Number(sent[1]) };
  return { type: "line", text: line };
}
