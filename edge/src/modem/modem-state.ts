import type { Text } from "@gengfu/shared/model/text";

/** What stands in the way of messages. */
export const modemFaults = ["unreachable", "silent", "no_sim", "pin", "sim", "no_network", "weak"] as const;
export type ModemFault = (typeof modemFaults)[number];

/** Below -103 dBm (3GPP TS 27.007, 8.5: 0 is -113 dBm, each step 2 dB more) messages often fail. */
const weak_below = 5;
const csqUnknown = 99;

/** What the modem answered; null where it refused to. */
export interface ModemAnswers {
  /** Of AT+CPIN?: READY, SIM PIN, SIM PUK; the refusal's text where it has none. */
  readonly sim: string;
  /** Of AT+CREG? and AT+CEREG?, `<stat>`. */
  readonly registrations: readonly number[];
  /** Of AT+CSQ, `<rssi>`. */
  readonly rssi: number | null;
}

/** The worst that they tell; null where messages can go. */
export function faultOf({ sim, registrations, rssi }: ModemAnswers): ModemFault | null {
  if (/PIN|PUK/.test(sim) && !/not|ERROR/i.test(sim)) return "pin";
  // 10 of 27.007 9.2: SIM not inserted
  if (/ERROR: ?10$|not inserted/i.test(sim)) return "no_sim";
  if (sim !== "READY") return "sim";
  // 1 home, 5 roaming; 6 and 7 the same for SMS only
  if (!registrations.some((stat) => [1, 5, 6, 7].includes(stat))) return "no_network";
  return rssi !== null && rssi !== csqUnknown && rssi < weak_below ? "weak" : null;
}

/** The number in an answer, such as 1 in `+CREG: 0,1`; undefined where it has none. */
export function numberIn(lines: readonly string[], prefix: string, field: number): number | undefined {
  const line = lines.find((one) => one.startsWith(prefix));
  const text = line?.slice(prefix.length).split(",")[field]?.trim() ?? "";
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

/** What the gateway says of it, and what to do. */
export function troubleOf(fault: ModemFault, port: string, reason: string): Text {
  switch (fault) {
    case "unreachable":
      return {
        zh: `无法使用短信模块的串口 ${port}(${reason})。请检查连接、edge.yaml 中的 modem.port 以及 dialout 组权限。`,
        en: `The modem's serial port ${port} can't be used (${reason}). Check the plug, \`modem.port\` in edge.yaml, and the group dialout.`,
      };
    case "silent":
      return {
        zh: `短信模块(${port})没有应答(${reason})。请检查供电、天线和 modem.baud。`,
        en: `The modem (${port}) doesn't answer (${reason}). Check its power and \`modem.baud\`.`,
      };
    case "no_sim":
      return { zh: "短信模块中没有 SIM 卡。", en: "The modem has no SIM card: put one in." };
    case "pin":
      return {
        zh: "SIM 卡需要 PIN 码:请用手机取消 PIN 码后再插入。",
        en: "The SIM card asks for its PIN: switch the PIN off in a phone, then put it back.",
      };
    case "sim":
      return { zh: `SIM 卡不可用(${reason})。`, en: `The SIM card can't be used (${reason}).` };
    case "no_network":
      return {
        zh: "短信模块没有注册到移动网络:请检查天线、套餐和信号。",
        en: "The modem has no mobile network: check its antenna, the contract and the signal.",
      };
    case "weak":
      return {
        zh: "短信模块信号弱,短信可能发不出去:请移动天线。",
        en: "The modem's signal is weak, messages may fail: move its antenna.",
      };
  }
}
