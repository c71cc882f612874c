import { scalarField } from "./scalar-field.ts";
import { link } from "./link.ts";

/** What of Node-RED's node API is used here (nodered.org, "Creating Nodes"). */
interface Node {
  status(status: { fill?: string; shape?: string; text?: string }): void;
  send(message: Message): void;
  on(event: "close", handler: () => void): void;
  on(
    event: "input",
    handler: (message: Message, send: (message: Message) => void, done: (error?: Error) => void) => Promise<void>,
  ): void;
}
type Message = Record<string, unknown>;
interface Red {
  readonly nodes: {
    createNode(node: Node, config: Config): void;
    registerType(type: string, create: (this: Node, config: Config) => void): void;
  };
  readonly events: { on(event: string, handler: () => void): void };
  readonly _: (key: string) => string;
}
type Config = Readonly<Record<string, string | undefined>>;

/** Every reading that the gateway committed, as a message. */
export function readingIn(red: Red): void {
  red.events.on("flows:started", () => link.say({ type: "started" }));
  red.nodes.registerType("gengfu-reading-in", function (config) {
    red.nodes.createNode(this, config);
    const { device = "", kind = "" } = config;
    const end = link.listen(device, kind, (reading) => {
      const { device: from, kind: what, channel, value, detail } = reading;
      const topic = channel === null ? `${from}/${what}` : `${from}/${what}/${channel}`;
      this.send({ topic, payload: value ?? detail, reading });
    });
    this.on("close", end);
  });
}

/** Hands a message to the gateway, and completes it once that has committed it. */
export function readingOut(red: Red): void {
  red.nodes.registerType("gengfu-reading-out", function (config) {
    red.nodes.createNode(this, config);
    const status = (key: string): string => red._(`gengfu-reading-out.status.${key}`);
    let waiting = 0;
    const show = (refusal: string | null): void => {
      if (waiting > 0) this.status({ fill: "blue", shape: "ring", text: `${status("waiting")} ${waiting}` });
      else if (refusal !== null) this.status({ fill: "red", shape: "dot", text: status("refused") });
      else this.status({ fill: "green", shape: "dot", text: status("stored") });
    };
    const take = async (message: Message): Promise<Error | undefined> => {
      const made = readingOf(config, message);
      waiting += 1;
      show(null);
      try {
        if ("problem" in made) throw new Error(made.problem);
        await link.deliver(made.device, made.kind, JSON.stringify(made.payload));
        waiting -= 1;
        show(null);
        return undefined;
      } catch (error) {
        waiting -= 1;
        show(String(error));
        return error instanceof Error ? error : new Error(String(error));
      }
    };
    // of three parameters, by which Node-RED knows that the message is complete only when it is told so
    this.on("input", async (message, _send, done) => done(await take(message)));
  });
}

/** What becomes of the site's alerts, as messages. */
export function alertIn(red: Red): void {
  red.nodes.registerType("gengfu-alert-in", function (config) {
    red.nodes.createNode(this, config);
    const { severity = "" } = config;
    const end = link.listenAlerts((alert) => {
      if (severity === "" || severity === alert.severity) this.send({ topic: alert.state, payload: alert });
    });
    this.on("close", end);
  });
}

/** The payload as a device would send it, from what a message holds and what the node is set to. */
function readingOf(
  config: Config,
  message: Message,
): { device: string; kind: string; payload: object } | { problem: string } {
  const text = (key: "device" | "kind" | "channel"): string => {
    const set = config[key] ?? "";
    const said = message[key];
    return set !== "" ? set : typeof said === "string" ? said : "";
  };
  const device = text("device");
  const kind = text("kind");
  const channel = text("channel");
  if (device === "")
    return { problem: "no device: set one in the node, or msg.device 请在节点或 msg.device 中指定设备" };
  if (kind === "") return { problem: "no kind: set one in the node, or msg.kind 请在节点或 msg.kind 中指定种类" };
  const { payload, at } = message;
  const common = { ...(channel === "" ? {} : { channel }), ...(at === undefined ? {} : { at }) };
  if (typeof payload === "object" && payload !== null) return { device, kind, payload: { ...common, ...payload } };
  const field = scalarField(kind);
  if (field === undefined) {
    return { problem: `msg.payload of a ${kind} must be an object 种类 ${kind} 的 msg.payload 必须是对象` };
  }
  return { device, kind, payload: { ...common, [field]: payload } };
}
