import type { Text } from "@gengfu/shared/model/text";
import type { Fault } from "../fault-streak.ts";
import type { RegisterFault, RegisterOutcome } from "./decode.ts";
import type { ReadOutcome } from "./modbus-line.ts";
import type { ModbusConnection, ModbusRegister } from "./schema.ts";

export function noConnection({ name, tcp, rtu }: ModbusConnection, reason: string): Fault {
  const where = rtu?.path ?? `${tcp?.host}:${tcp?.port}`;
  return {
    code: "no_connection",
    isSure: true,
    text: {
      zh: `Modbus 连接 ${name}(${where})无法建立(${reason})。请检查设备电源、网络或串口。`,
      en: `The Modbus connection ${name} (${where}) can't be had (${reason}). Check power, network or serial port.`,
    },
  };
}

/** Why a device gave no values. */
export function outcomeFault(name: string, unit: number, outcome: Exclude<ReadOutcome, { kind: "values" }>): Fault {
  const zh = `Modbus ${name} 单元 ${unit}`;
  const en = `Modbus ${name} unit ${unit}`;
  switch (outcome.kind) {
    case "exception": {
      const said = exceptions[outcome.code] ?? { zh: "请查设备手册", en: "see the device's manual" };
      return {
        code: `exception_${outcome.code}`,
        text: {
          zh: `${zh} 拒绝读取,异常码 ${outcome.code}:${said.zh}。`,
          en: `${en} refuses to be read, exception ${outcome.code}: ${said.en}.`,
        },
      };
    }
    case "silent":
      return {
        code: "silent",
        text: {
          zh: `${zh} 没有应答。请检查供电、接线、单元地址和波特率。`,
          en: `${en} does not answer. Check power, wires, its unit number and the baud rate.`,
        },
      };
    case "garbage":
      return {
        code: "garbage",
        text: {
          zh: `${zh} 的应答无法识别。请检查波特率、校验位、接地和干扰。`,
          en: `${en} answers what can't be understood. Check baud rate, parity, grounding and interference.`,
        },
      };
    case "closed":
      return {
        code: "closed",
        text: {
          zh: `${zh} 未应答就断开了连接。请检查设备允许的连接数。`,
          en: `${en} ends the connection instead of answering. Check how many connections the device allows.`,
        },
      };
  }
}

/** Why a register's value is no reading. */
export function registerFault(
  name: string,
  { function: what, address, device, kind, channel }: ModbusRegister,
  { fault, raw }: Extract<RegisterOutcome, { kind: "fault" }>,
): Fault {
  const { zh, en } = registerFaults[fault];
  const series = `${device} ${kind}${channel === undefined ? "" : ` ${channel}`}`;
  return {
    code: `${what}_${address}_${fault}`,
    text: {
      zh: `Modbus ${name} 寄存器 ${what} ${address}(${series})${zh}(原始值 ${raw})。`,
      en: `Modbus ${name} register ${what} ${address} (${series}): ${en} (raw value ${raw}).`,
    },
  };
}

const registerFaults: Record<RegisterFault, Text> = {
  no_number: { zh: "不是数值", en: "no number" },
  invalid: { zh: "表示没有测量值,请检查传感器", en: "the device says that it does not measure; check the sensor" },
  implausible: { zh: "超出合理范围,请检查类型、字节序和量程", en: "implausible; check type, byte order and scale" },
  wire_broken: {
    zh: "电流低于 3.6 mA,回路断线或变送器故障",
    en: "below 3.6 mA: the loop is cut, or the transmitter fails",
  },
  wire_shorted: {
    zh: "电流高于 21 mA,回路短路或变送器故障",
    en: "above 21 mA: the loop is shorted, or the transmitter fails",
  },
};

/** What exceptions mean to someone who configures a read (MODBUS Application Protocol V1.1b3, 7). */
const exceptions: Readonly<Record<number, Text>> = {
  1: { zh: "不支持该功能码,请检查 function", en: "it does not know the function; check `function`" },
  2: { zh: "没有该寄存器,请检查 address", en: "it has no such register; check `address`" },
  3: { zh: "不接受该数量", en: "it does not accept so many registers" },
  4: { zh: "设备故障", en: "the device fails" },
  5: { zh: "仍在处理", en: "it is still at work" },
  6: { zh: "设备忙", en: "the device is busy" },
  10: { zh: "网关没有通路", en: "the gateway has no way to it" },
  11: { zh: "网关后的设备没有应答,请检查 unit", en: "nothing answers behind the gateway; check `unit`" },
};
