import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { lineNumber, readChips } from "./chip-lines.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "gengfu-gpio-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function chip(base: number, label: string, lines: number): void {
  const folder = join(root, `gpiochip${base}`);
  mkdirSync(folder);
  writeFileSync(join(folder, "label"), `${label}\n`);
  writeFileSync(join(folder, "base"), `${base}\n`);
  writeFileSync(join(folder, "ngpio"), `${lines}\n`);
}

it("finds a line by its chip's label, wherever the kernel put the chip", () => {
  chip(512, "pinctrl-bcm2835", 54);
  chip(566, "raspberrypi-exp-gpio", 8);
  mkdirSync(join(root, "gpio529"));
  const chips = readChips(root);
  expect(lineNumber(chips, "pinctrl-bcm2835", 17)).toBe(529);
  expect(lineNumber(chips, "raspberrypi-exp-gpio", 7)).toBe(573);
  expect(lineNumber(chips, "raspberrypi-exp-gpio", 8)).toBeUndefined();
  expect(lineNumber(chips, "pinctrl-rp1", 0)).toBeUndefined();
});

it("knows a machine without GPIO", () => {
  expect(readChips(join(root, "none"))).toEqual([]);
});
