/** The settings module of the gateway's Node-RED, which its `red.js` asks for. */
import { createHash, timingSafeEqual } from "node:crypto";
import { environmentName, type NodeRedSettings } from "../protocol.ts";
import { link } from "./link.ts";

const given = JSON.parse(process.env[environmentName] ?? "{}") as NodeRedSettings;
// flows read the environment, and this is none of their business
delete process.env[environmentName];
link.start();

const account = { username: given.user, permissions: "*" };
const expected = Buffer.from(given.password, "hex");

/** Node-RED's own levels: the lower, the graver. */
const levels = { error: 20, warn: 30, info: 40 };

const settings = {
  uiHost: given.host,
  uiPort: given.port,
  userDir: given.userDir,
  flowFile: "flows.json",
  nodesDir: [given.nodesDir],
  credentialSecret: given.credentialSecret,
  adminAuth: {
    type: "credentials",
    sessionExpiryTime: 8 * 3_600,
    users: (name: string) => Promise.resolve(name === given.user ? account : null),
    authenticate(name: string, password: string) {
      const digest = createHash("sha256").update(given.salt).update(password).digest();
      return Promise.resolve(timingSafeEqual(digest, expected) && name === given.user ? account : null);
    },
  },
  httpNodeRoot: given.httpNodes ? "/endpoint" : false,
  externalModules: {
    autoInstall: false,
    palette: { allowInstall: given.installNodes, allowUpload: given.installNodes },
    modules: { allowInstall: given.installNodes },
  },
  functionExternalModules: given.installNodes,
  telemetry: { enabled: false, updateNotification: false },
  diagnostics: { enabled: true, ui: true },
  runtimeState: { enabled: true, ui: true },
  editorTheme: {
    page: { title: "Gengfu 更夫 - Node-RED" },
    header: { title: "Gengfu 更夫" },
    tours: false,
    projects: { enabled: false },
    codeEditor: { lib: "monaco" },
  },
  logging: {
    gengfu: {
      level: "info",
      metrics: false,
      audit: false,
      handler: () => (entry: { level: number; msg: unknown }) => {
        const level = entry.level <= levels.error ? "error" : entry.level <= levels.warn ? "warn" : "info";
        link.say({ type: "log", level, message: String(entry.msg).slice(0, 2_000) });
      },
    },
  },
};

// what `require` of this module gives
export { settings as "module.exports" };
