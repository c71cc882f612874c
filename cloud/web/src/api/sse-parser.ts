/** One server-sent event; `data` holds its lines joined. */
export interface ServerEvent {
  readonly name: string;
  readonly data: string;
  readonly id: string | null;
}

/** More than this without an end of line is no event stream of ours. */
const line_chars_max = 1_000_000;

/**
 * Cuts the text of a `text/event-stream` into events, however its chunks fall (WHATWG HTML, 9.2.6). Comments, as
 * servers send to keep a connection alive, are dropped here: that bytes came is seen by who reads them.
 */
export function createSseParser(): (chunk: string) => ServerEvent[] {
  let rest = "";
  let afterReturn = false;
  let name = "";
  let data: string[] = [];
  let id: string | null = null;

  const line = (text: string, events: ServerEvent[]): void => {
    if (text === "") {
      if (data.length > 0) events.push({ name: name === "" ? "message" : name, data: data.join("\n"), id });
      name = "";
      data = [];
      return;
    }
    const colon = text.indexOf(":");
    if (colon === 0) return;
    const field = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? "" : text.slice(text[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "event") name = value;
    else if (field === "data") data.push(value);
    else if (field === "id" && !value.includes("\0")) id = value;
  };

  return (chunk) => {
    const events: ServerEvent[] = [];
    // the \n of a \r\n that fell apart between two chunks
    let text = rest + (afterReturn && chunk.startsWith("\n") ? chunk.slice(1) : chunk);
    if (chunk !== "") afterReturn = chunk.endsWith("\r");
    for (;;) {
      const end = text.search(/[\r\n]/);
      if (end < 0) break;
      line(text.slice(0, end), events);
      text = text.slice(text.startsWith("\r\n", end) ? end + 2 : end + 1);
    }
    if (text.length > line_chars_max)
      throw new RangeError(`a line of more than ${line_chars_max} characters in the live stream`);
    rest = text;
    return events;
  };
}
