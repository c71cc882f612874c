import { expect, test } from "vitest";
import { parseOptions } from "./options.ts";

const parse = (...args: string[]) => parseOptions(args, "demo");

test("without options it is the documented defaults", () => {
  expect(parse()).toEqual({
    kind: "run",
    options: {
      data: "data",
      site: "demo/site.yaml",
      ports: { http: 8080, device: 1883, uplink: 8884 },
      simulator: true,
    },
  });
});

test("every option is taken", () => {
  const args = "--data d --site s.yaml --http-port 0 --device-port=1 --uplink-port 2 --no-simulator".split(" ");
  expect(parse(...args)).toEqual({
    kind: "run",
    options: { data: "d", site: "s.yaml", ports: { http: 0, device: 1, uplink: 2 }, simulator: false },
  });
});

test("three free ports may be asked for", () => {
  expect(parse("--http-port", "0", "--device-port", "0", "--uplink-port", "0").kind).toBe("run");
});

test("all mistakes are named together", () => {
  const args = ["--htp-port", "1", "--device-port", "70000", "--uplink-port", "x", "--data", "--no-simulator=yes"];
  const parsed = parse(...args);
  expect(parsed).toEqual({
    kind: "mistakes",
    mistakes: [
      "没有这个选项 there is no option --htp-port",
      "1 不是选项 is not an option",
      "--data 需要一个值 needs a value",
      "--device-port 70000 不是端口 is not a port: 0 - 65535",
      "--uplink-port x 不是端口 is not a port: 0 - 65535",
    ],
  });
});

test("two services can't have one port", () => {
  expect(parse("--http-port", "1883")).toEqual({
    kind: "mistakes",
    mistakes: ["三个端口必须不同 the three ports must differ"],
  });
});

test("help is help", () => {
  expect(parse("--help")).toEqual({ kind: "help" });
});
