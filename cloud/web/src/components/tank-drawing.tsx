import type { Severity } from "@gengfu/shared/model/rule";
import { type Limit, shareOf } from "../state/limits.ts";

interface TankDrawingProps {
  readonly scale: readonly [number, number];
  readonly value: number | null;
  readonly limits: readonly Limit[];
  /** The level is not that of now: the water is drawn hatched. */
  readonly stale: boolean;
  readonly broken: Severity | null;
  readonly label: string;
  readonly limitLabel: (limit: Limit) => string;
}

const top = 6;
const bottom = 122;
const left = 4;
const right = 70;

/** A tank seen from the side: water to its level, a scale in tenths, the limits as lines across. */
export function TankDrawing({ scale, value, limits, stale, broken, label, limitLabel }: TankDrawingProps) {
  const y = (at: number): number => bottom - shareOf(at, scale) * (bottom - top);
  const surface = value === null ? bottom : y(value);
  return (
    <svg class="tank-drawing" viewBox="0 0 128 128" role="img" aria-label={label}>
      <defs>
        <pattern id="tank-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <path class="tank-hatch" d="M0 0v6" />
        </pattern>
      </defs>
      <rect
        class={`tank-water ${broken === null ? "" : `tank-water-${broken}`}`}
        x={left}
        y={surface}
        width={right - left}
        height={bottom - surface}
        {...(stale ? { fill: "url(#tank-hatch)" } : {})}
        data-stale={stale ? "" : undefined}
      />
      {value !== null && <path class="tank-surface" d={`M${left} ${surface}H${right}`} />}
      {Array.from({ length: 11 }, (_, index) => {
        const at = bottom - (index * (bottom - top)) / 10;
        return <path key={index} class="tank-tick" d={`M${right - (index % 5 === 0 ? 9 : 5)} ${at}H${right}`} />;
      })}
      <path class="tank-wall" d={`M${left} ${top - 2}V${bottom}H${right}V${top - 2}`} />
      {limits.map((limit) => (
        <g key={`${limit.rule}${limit.side}`}>
          <path class="tank-limit" d={`M${left} ${y(limit.value)}H${right + 5}`} />
          <text class="tank-label" x={right + 8} y={y(limit.value) + 4}>
            {limitLabel(limit)}
          </text>
        </g>
      ))}
    </svg>
  );
}
