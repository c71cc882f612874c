/** A topic with named parts: `tele/{device}/SENSOR`; `{device*}` takes one level or more, `+` one that has no name. */
export interface TopicPattern {
  readonly source: string;
  /** The named parts of a topic that is of this pattern, else undefined. */
  match(topic: string): Readonly<Record<string, string>> | undefined;
  /** The MQTT filter that asks a broker for at least the topics of this pattern. */
  readonly filter: string;
}

const level = /^(?:\{([a-z]+)(\*)?\}|\+)$/;

/** What is wrong with a pattern, or undefined. */
export function patternProblem(source: string): string | undefined {
  const levels = source.split("/").map((part) => level.exec(part)?.slice(1) ?? part);
  const many = levels.filter((part) => Array.isArray(part) && part[1] === "*").length;
  const names = levels.flatMap((part) => (Array.isArray(part) && part[0] !== undefined ? [part[0]] : []));
  if (many > 1) return "a topic with at most one part of several levels, such as {device*}";
  if (new Set(names).size < names.length) return "a topic that has each named part once";
  const isOdd = levels.some((part) => typeof part === "string" && /[+#{}]/.test(part));
  return isOdd ? "a topic whose named parts and + fill a level each, such as tele/{device}/SENSOR" : undefined;
}

export function topicPattern(source: string): TopicPattern {
  const parts = source.split("/").map((part) => {
    const found = level.exec(part);
    return found === null ? part : { name: found[1], isMany: found[2] === "*" };
  });
  const many = parts.findIndex((part) => typeof part === "object" && part.isMany);
  return {
    source,
    match(topic) {
      const levels = topic.split("/");
      const extra = levels.length - parts.length;
      if (many < 0 ? extra !== 0 : extra < 0) return undefined;
      const named: Record<string, string> = {};
      let at = 0;
      for (const [index, part] of parts.entries()) {
        const next = index === many ? at + extra + 1 : at + 1;
        const text = levels.slice(at, next).join("/");
        if (typeof part === "string" ? part !== text : text === "") return undefined;
        if (typeof part === "object" && part.name !== undefined) named[part.name] = text;
        at = next;
      }
      return named;
    },
    filter: [
      ...(many < 0 ? parts : parts.slice(0, many)).map((part) => (typeof part === "string" ? part : "+")),
      ...(many < 0 ? [] : ["#"]),
    ].join("/"),
  };
}

/** Whether all that a filter asks for lies within another one (section 4.7 of MQTT 3.1.1); a topic is a filter, too. */
export function isWithin(filter: string, outer: string): boolean {
  const [asked, given] = [filter.split("/"), outer.split("/")];
  // wildcards at the begin don't reach the broker's own topics
  if (filter.startsWith("$") && !outer.startsWith("$")) return false;
  for (const [index, allowed] of given.entries()) {
    if (allowed === "#") return true;
    const part = asked[index];
    if (part === undefined || part === "#" || (allowed !== "+" && allowed !== part)) return false;
  }
  return asked.length === given.length;
}
