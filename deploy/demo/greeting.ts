import type { Site } from "@gengfu/shared/model/site";
import type { DataFolder, Endpoints } from "./data-folder.ts";

/** What the person who started the demo reads when all is ready, and can do next. */
export function greeting(site: Site, endpoints: Endpoints, folder: DataFolder): string {
  const panel = site.devices.find(({ type }) => type === "fire_panel") ?? site.devices[0];
  const broker = new URL(endpoints.deviceBroker);
  const device = panel?.id ?? "";
  const fire = panel?.measures.find(({ kind, channel }) => kind === "contact" && channel === "fire");
  const lines = [
    "",
    `更夫已就绪 · Gengfu is ready · ${site.name.zh} ${site.name.en}`,
    "",
    row("控制台", "Console", endpoints.console),
    row("接口", "API", endpoints.api),
    row("令牌", "Token", endpoints.token),
    row("设备接入", "Devices", endpoints.deviceBroker),
    row("网关接入", "Gateways", endpoints.uplinkBroker),
    row("演示账号", "Demo login", `user = device id, password = ${panel?.secret ?? ""}   e.g. ${device}`),
    row("运行日志", "Logs", `${folder.path}/logs`),
  ];
  if (fire !== undefined && panel !== undefined) {
    const publish =
      `mosquitto_pub -h ${broker.hostname} -p ${broker.port} -u ${device} -P ${panel.secret} -q 1 ` +
      `-t gengfu/v1/${device}/contact -m '{"channel":"fire","closed":true}'`;
    lines.push("", `试一次火警 Try a fire alarm (end it 结束: "closed":false)`, `  ${publish}`);
  }
  lines.push("", "按 Ctrl-C 停止 · Ctrl-C stops everything", "");
  return lines.join("\n");
}

/** A Chinese character takes two columns of a terminal. */
function row(zh: string, en: string, value: string): string {
  return `  ${zh}${" ".repeat(10 - 2 * zh.length)}${en.padEnd(12)}${value}`;
}
