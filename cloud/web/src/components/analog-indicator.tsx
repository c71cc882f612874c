import type { Kind } from "@gengfu/shared/model/reading";
import { type Limit, shareOf } from "../state/limits.ts";
import { useApp } from "./app.ts";

interface AnalogIndicatorProps {
  readonly kind: Kind;
  readonly scale: readonly [number, number];
  readonly value: number | null;
  readonly limits: readonly Limit[];
}

/**
 * A moving pointer on a scale, after ISA-101: where the value lies between its limits is seen without reading it. What
 * lies beyond a limit is hatched.
 */
export function AnalogIndicator({ kind, scale, value, limits }: AnalogIndicatorProps) {
  const { store } = useApp();
  const format = store.format.value;
  const percent = (at: number): string => `${(shareOf(at, scale) * 100).toFixed(2)}%`;
  const digits = kind === "temperature" || kind === "pressure" ? 0 : 2;
  return (
    <span class="analog" aria-hidden="true">
      <span class="analog-bar">
        {limits.map(({ rule, side, value: at }) => (
          <span
            key={rule + side}
            class="analog-beyond"
            style={side === "above" ? { left: percent(at), right: "0" } : { left: "0", width: percent(at) }}
          />
        ))}
        {limits.map(({ rule, side, value: at }) => (
          <span
            key={rule + side}
            class={`analog-limit ${shareOf(at, scale) > 0.7 ? "analog-limit-end" : ""}`}
            style={{ left: percent(at) }}
          >
            <span>{format.number(at, digits)}</span>
          </span>
        ))}
        {value !== null && <span class="analog-pointer" style={{ left: percent(value) }} />}
      </span>
      <span class="analog-ends">
        <span>{format.number(scale[0], digits)}</span>
        <span>{format.number(scale[1], digits)}</span>
      </span>
    </span>
  );
}
