import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "./demo.ts";
import { until } from "./until.ts";

/** Installs Node-RED as a site does, where it is not there yet; takes half a minute once. */
export function installNodeRed(): void {
  if (existsSync(join(root, "edge", "node-red", "node_modules", "node-red", "red.js"))) return;
  const { status, stderr } = spawnSync("npm", ["run", "--silent", "install:node-red"], { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(`Node-RED can't be installed: ${stderr}`);
}

export const account = { user: "admin", password: "password-of-the-tests" };

/** Node-RED's own admin API (nodered.org, "Admin HTTP API"), as its editor uses it. */
export class NodeRedAdmin {
  readonly #url: string;
  #token = "";
  #deployments = 0;

  constructor(port: number) {
    this.#url = `http://127.0.0.1:${port}`;
  }

  async get(path: string): Promise<Response> {
    return fetch(`${this.#url}${path}`, { headers: this.#headers() });
  }

  /** The status of the answer; what it says counts from now on. */
  async signOn(password: string): Promise<number> {
    const response = await fetch(`${this.#url}/auth/token`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        client_id: "node-red-admin",
        grant_type: "password",
        scope: "*",
        username: account.user,
        password,
      }),
    });
    if (response.ok) this.#token = ((await response.json()) as { access_token: string }).access_token;
    return response.status;
  }

  /** Replaces all flows, which are on a tab `tab`; resolves once they run, which the answer does not wait for. */
  async deploy(flows: readonly object[]): Promise<void> {
    const id = `ready-${(this.#deployments += 1)}`;
    const response = await this.#post("/flows", [...flows, { id, type: "inject", z: "tab", props: [], wires: [] }]);
    if (!response.ok) throw new Error(`the flows were refused: ${response.status} ${await response.text()}`);
    await until("the flows' start", async () => (await this.#post(`/inject/${id}`, {})).ok, { within_ms: 60_000 });
  }

  /** Presses the button of an inject node. */
  async inject(id: string): Promise<void> {
    const response = await this.#post(`/inject/${id}`, {});
    if (!response.ok) throw new Error(`inject ${id}: ${response.status}`);
  }

  #post(path: string, body: unknown): Promise<Response> {
    return fetch(`${this.#url}${path}`, {
      method: "POST",
      headers: { ...this.#headers(), "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  }

  #headers(): Record<string, string> {
    return this.#token === "" ? {} : { authorization: `Bearer ${this.#token}` };
  }
}
