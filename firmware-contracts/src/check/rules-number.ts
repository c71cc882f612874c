import { advice, broken, type CheckRule, type Problem } from "./finding.ts";
import { numberOf, saysTheSame, type SeenReading } from "./view.ts";

const minute_ms = 60_000;
const day_ms = 86_400_000;
/** More than this over ten seconds is a flood. */
const readings_per_second_max = 10;
const window_ms = 10_000;

export const numberRules: readonly CheckRule[] = [
  {
    id: "seq",
    title: { en: "`seq` counts up, and no number is used twice.", zh: "seq 递增，编号不重复使用。" },
    examine: ({ readings }) => {
      const problems: Problem[] = [];
      const known = new Map<string, SeenReading>();
      let last: SeenReading | undefined;
      for (const reading of readings) {
        const number = numberOf(reading);
        if (number === undefined) {
          problems.push(
            advice(reading.publish.topic, {
              en: "Send `boot` and `seq`, else a repeat after a lost acknowledgement may make a second reading.",
              zh: "请带上 boot 和 seq，否则确认丢失后的重发可能产生重复读数。",
            }),
          );
          continue;
        }
        const before = known.get(number);
        known.set(number, reading);
        if (before !== undefined) {
          if (!saysTheSame(before, reading)) problems.push(broken(number, usedTwice));
          continue;
        }
        problems.push(...steps(last, reading));
        last = reading;
      }
      return { seen: readings.length, problems };
    },
  },
  {
    id: "boot",
    title: { en: "`boot` is new after each boot.", zh: "每次启动 boot 都是新的。" },
    examine: ({ fresh }) => {
      const numbered = fresh.filter(({ message }) => message.boot !== null);
      const problems: Problem[] = [];
      let previous: SeenReading | undefined;
      let uptime: { boot: number; seconds: number } | undefined;
      for (const reading of numbered) {
        const { boot, seq, detail } = reading.message;
        const found = `boot ${previous?.message.boot ?? ""}, then ${boot ?? ""}`;
        if (previous !== undefined && (boot ?? 0) < (previous.message.boot ?? 0)) {
          problems.push(
            advice(found, {
              en: "`boot` went down: fine where it is drawn at random; a counter must be kept in flash.",
              zh: "boot 变小了：如果是随机数则没问题；如果是计数器，必须保存在闪存里。",
            }),
          );
        }
        const isSameBoot = previous !== undefined && boot === previous.message.boot;
        const beganAnew = isSameBoot && seq !== null && seq <= 1 && (previous?.message.seq ?? 0) > 2;
        const seconds = typeof detail?.["uptime_seconds"] === "number" ? detail["uptime_seconds"] : undefined;
        const fell = uptime !== undefined && seconds !== undefined && uptime.boot === boot && seconds < uptime.seconds;
        if (beganAnew || fell) {
          problems.push(
            broken(beganAnew ? `boot ${boot}, seq ${seq} again` : `boot ${boot}, uptime ${seconds} s`, {
              en: "The device began anew but `boot` stayed: its next readings look like repeats, and are dropped. Count boots in flash, or draw a random number at each.",
              zh: "设备重启了但 boot 没变：之后的读数会被当作重发而丢弃。请在闪存中累加 boot，或每次启动取随机数。",
            }),
          );
        }
        if (seconds !== undefined && boot !== null) uptime = { boot, seconds };
        previous = reading;
      }
      return { seen: numbered.length, problems };
    },
  },
  {
    id: "time",
    title: { en: "`at` and `age` are plausible.", zh: "at 与 age 合理。" },
    examine: ({ publishes, fresh }) => {
      const problems: Problem[] = [];
      const last = new Map<string, number>();
      for (const { publish, fields } of publishes) {
        const { at } = fields;
        if (typeof at === "number" && at > 1e9 && at < 1e10) {
          problems.push(
            broken(`at ${at}`, {
              en: "This is seconds: `at` is in milliseconds, so multiply by 1000.",
              zh: "这是秒：at 的单位是毫秒，请乘以 1000。",
            }),
          );
        } else if (typeof at === "number" && at >= 0 && at < 1e9) {
          problems.push(
            broken(`at ${at} on ${publish.topic}`, {
              en: "The clock was never set: leave `at` out until NTP or GPS has set it.",
              zh: "时钟尚未校准：在 NTP 或 GPS 校时之前不要发送 at。",
            }),
          );
        }
      }
      for (const { publish, message } of fresh) {
        if (message.age !== null && message.age > day_ms) problems.push(advice(`age ${message.age} ms`, longKept));
        if (message.at === null) continue;
        const ahead_ms = message.at - publish.wall_ms;
        const found = `at ${new Date(message.at).toISOString()}, here it is ${new Date(publish.wall_ms).toISOString()}`;
        if (ahead_ms > minute_ms) {
          problems.push(
            broken(found, {
              en: "This lies in the future: set the device's clock by NTP, in UTC without the zone's hours, or leave `at` out.",
              zh: "时间在未来：请用 NTP 校时，使用 UTC(不要加时区)，或不发送 at。",
            }),
          );
        } else if (ahead_ms < -day_ms) {
          problems.push(advice(found, longKept));
        }
        const series = `${message.kind}/${message.channel ?? "-"}`;
        const before = last.get(series);
        if (before !== undefined && message.at < before) {
          problems.push(
            advice(`${series}: at ${message.at} after ${before}`, {
              en: "Time went back within a series: send what was kept in its order, and let the clock be slewed, not stepped.",
              zh: "同一序列的时间倒退了：补发请按先后顺序，校时请平滑调整。",
            }),
          );
        }
        last.set(series, message.at);
      }
      const told = publishes.filter(({ fields }) => fields["at"] !== undefined || fields["age"] !== undefined);
      return { seen: told.length, problems };
    },
  },
  {
    id: "count",
    title: { en: "A count never goes down within a boot.", zh: "同一次启动内计数不减少。" },
    examine: ({ fresh }) => {
      const counts = fresh.filter(({ message }) => message.kind === "count");
      const last = new Map<string, number>();
      const problems = counts.flatMap(({ message: { boot, channel, value } }): Problem[] => {
        const series = `${boot ?? "-"}/${channel ?? "-"}`;
        const before = last.get(series);
        last.set(series, value ?? 0);
        if (before === undefined || (value ?? 0) >= before) return [];
        return [
          broken(`total ${value} after ${before}`, {
            en: "Send the pulses since the boot, never how many came since the last publish.",
            zh: "请发送自启动以来的总数，而不是自上次发送以来的增量。",
          }),
        ];
      });
      return { seen: counts.length, problems };
    },
  },
  {
    id: "pace",
    title: { en: "It speaks at a sensible pace.", zh: "发送频率合理。" },
    examine: ({ readings }) => {
      const most = readings_per_second_max * (window_ms / 1_000);
      const crowded = readings.findIndex(({ publish }, index) => {
        const earlier = readings[index - most];
        return earlier !== undefined && publish.at_ms - earlier.publish.at_ms < window_ms;
      });
      if (crowded < 0) return { seen: readings.length, problems: [] };
      const found = `more than ${most} readings within ${window_ms / 1_000} s`;
      return {
        seen: readings.length,
        problems: [
          advice(found, {
            en: "A level or temperature every 10 s is plenty, a contact when it changes: debounce, and wait between samples.",
            zh: "液位、温度每 10 秒一次足够，触点在变化时发送：请做去抖并控制采样间隔。",
          }),
        ],
      };
    },
  },
];

const usedTwice = {
  en: "Two different readings have one number, so that the second is dropped as a repeat: count `seq` up for each reading.",
  zh: "两条不同的读数用了同一编号，后一条会被当作重发丢弃：每条读数 seq 都要加一。",
};

const longKept = {
  en: "More than a day old: right for a reading that was kept back so long, else the clock or the unit (milliseconds) is wrong.",
  zh: "早于一天以前：如确属补发则没问题，否则请检查时钟或单位(毫秒)。",
};

function steps(last: SeenReading | undefined, { message: { boot, seq } }: SeenReading): Problem[] {
  if (last === undefined || last.message.boot !== boot || seq === null || last.message.seq === null) return [];
  const found = `seq ${last.message.seq}, then ${seq}`;
  if (seq === last.message.seq + 1) return [];
  if (seq > last.message.seq) {
    return [
      advice(found, {
        en: "`seq` jumps: readings were lost on the way or dropped from the queue, or something else is counted with it.",
        zh: "seq 有跳号：途中丢失、队列丢弃，或混入了别的计数。",
      }),
    ];
  }
  return [
    advice(found, {
      en: "`seq` went down within a boot: count up by one for each new reading, over all kinds together.",
      zh: "同一次启动内 seq 变小：每条新读数加一，所有类型共用一个计数。",
    }),
  ];
}
