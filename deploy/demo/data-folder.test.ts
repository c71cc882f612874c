import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DataFolder, type Endpoints } from "./data-folder.ts";

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), "gengfu-demo-"));
});
afterEach(() => rmSync(path, { recursive: true, force: true }));

const endpoints: Endpoints = {
  console: "http://127.0.0.1:1/",
  api: "http://127.0.0.1:1/api/v1",
  token: "t",
  deviceBroker: "mqtt://127.0.0.1:2",
  uplinkBroker: "mqtt://127.0.0.1:3",
  pids: { edge: 4, cloud: 5, simulator: null },
};

test("one demo at a time owns the folder", () => {
  const first = new DataFolder(join(path, "data"));
  const second = new DataFolder(join(path, "data"));
  expect(first.claim()).toBe(true);
  expect(second.claim()).toBe(false);
  first.release();
  expect(second.claim()).toBe(true);
  second.release();
});

test("the token is made once and is for its owner alone", () => {
  const folder = new DataFolder(path);
  const token = folder.token();
  expect(token.length).toBeGreaterThan(20);
  expect(new DataFolder(path).token()).toBe(token);
  expect(statSync(join(path, "token")).mode & 0o777).toBe(0o600);
});

test("endpoints are there while the demo runs and gone after it", () => {
  const folder = new DataFolder(path);
  folder.claim();
  folder.writeEndpoints(endpoints);
  expect(JSON.parse(readFileSync(join(path, "endpoints.json"), "utf8"))).toEqual(endpoints);
  expect(new DataFolder(path).endpoints()).toEqual(endpoints);
  folder.release();
  expect(folder.endpoints()).toBeUndefined();
});

test("what a demo that was killed left behind is taken once", () => {
  const folder = new DataFolder(path);
  folder.writeEndpoints(endpoints);
  expect(folder.takeLeftovers()).toEqual([4, 5]);
  expect(folder.endpoints()).toBeUndefined();
  expect(folder.takeLeftovers()).toEqual([]);
});

test("half a file tells nothing", () => {
  writeFileSync(join(path, "endpoints.json"), '{ "console": ');
  expect(new DataFolder(path).endpoints()).toBeUndefined();
});
