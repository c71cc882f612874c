import type { Kind } from "@gengfu/shared/model/reading";
import { nbsp, unitOf } from "../text/format.ts";
import { useApp } from "./app.ts";
import { Mark, type MarkKind } from "./mark.tsx";
import type { Doubt } from "./series.ts";

/** A value, its unit set smaller so that the figure stands out. */
export function Figure({ kind, value }: { readonly kind: Kind; readonly value: number | null }) {
  const { store } = useApp();
  const format = store.format.value;
  const unit = unitOf(kind, format.language);
  if (value === null) return <span class="figure">–</span>;
  const text = format.quantity(kind, value);
  return (
    <span class="figure">
      {unit === "" ? text : text.slice(0, -unit.length).trimEnd()}
      {unit !== "" && (
        <small>
          {nbsp}
          {unit}
        </small>
      )}
    </span>
  );
}

/** Says what keeps a value from being that of now, and how old it is. Nothing where all is as it should be. */
export function StaleNote({ doubt, at }: { readonly doubt: Doubt | null; readonly at: number | null }) {
  const { store } = useApp();
  if (doubt === null) return null;
  const text = store.text.value;
  const why = text.presence[doubt];
  const format = store.format.value;
  return (
    <p class={`stale-note stale-${doubt}`}>
      <Mark kind={doubtMark(doubt)} />
      <span>{at === null ? why : text.staleValue(why, format.moment(at, store.now.value))}</span>
    </p>
  );
}

export function doubtMark(doubt: Doubt): MarkKind {
  switch (doubt) {
    case "disconnected":
      return "unknown";
    case "gateway_offline":
      return "offline";
    default:
      return doubt;
  }
}
