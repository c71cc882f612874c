import type { ComponentChildren } from "preact";
import type { Presence } from "../state/presence.ts";
import type { Level } from "../state/site-state.ts";

/** Each state has a shape of its own, so that colour is never the only sign. */
export type MarkKind = Level | Exclude<Presence, "current" | "gateway_offline"> | "done";

interface MarkProps {
  readonly kind: MarkKind;
  /** An alarm that somebody sees to: the outline only. */
  readonly hollow?: boolean;
  /** What it says to who can't see it; where words stand beside it it says nothing. */
  readonly label?: string;
}

export function Mark({ kind, hollow = false, label }: MarkProps) {
  return (
    <svg
      class={`mark mark-${kind}${hollow ? " mark-hollow" : ""}`}
      viewBox="0 0 24 24"
      {...(label === undefined ? { "aria-hidden": true } : { role: "img", "aria-label": label })}
    >
      {shapes[kind]}
    </svg>
  );
}

const ring = <circle class="mark-line" cx="12" cy="12" r="9" />;

const shapes: Record<MarkKind, ComponentChildren> = {
  critical: [
    <path class="mark-body" d="M7.9 1.5h8.2l5.9 5.9v9.2l-5.9 5.9H7.9L2 16.6V7.4z" />,
    <path class="mark-sign" d="M12 6.2v7.2M12 16.4v2" />,
  ],
  warning: [<path class="mark-body" d="M12 2 23 21.5H1z" />, <path class="mark-sign" d="M12 9v6M12 17.2v1.9" />],
  info: [<circle class="mark-body" cx="12" cy="12" r="10" />, <path class="mark-sign" d="M12 11v6.4M12 6.6v2" />],
  attention: [
    <path class="mark-line" d="M12 2.5 21.5 12 12 21.5 2.5 12z" />,
    <path class="mark-line" d="M12 7.5v5.4M12 15v1.6" />,
  ],
  well: [ring, <path class="mark-line" d="m7.8 12.3 2.9 2.9 5.6-6" />],
  done: [<circle class="mark-body" cx="12" cy="12" r="9" />, <path class="mark-sign" d="m7.8 12.3 2.9 2.9 5.6-6" />],
  unknown: [
    <circle class="mark-line mark-dashed" cx="12" cy="12" r="9" />,
    <path class="mark-line" d="M9.4 9.6c.2-3.2 5.3-3 5.1.2-.1 1.9-2.5 2-2.5 4.1M12 16.2v1.3" />,
  ],
  silent: [
    <circle class="mark-line mark-dashed" cx="12" cy="12" r="9" />,
    <path class="mark-line" d="M7.4 12h1.4M11.3 12h1.4M15.2 12h1.4" />,
  ],
  offline: [ring, <path class="mark-line" d="m5.8 18.2 12.4-12.4" />],
  in_transit: [ring, <path class="mark-line" d="M12 17V7.4M8.2 11 12 7.2l3.8 3.8" />],
  never: [<circle class="mark-line mark-dashed" cx="12" cy="12" r="9" />],
};
