import { existsSync } from "node:fs";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyReply, FastifyRequest } from "fastify";
import { isLocal, sessionOf } from "./auth.ts";
import { problemBody, sendProblem } from "./problem.ts";
import type { Api } from "./routes.ts";
import { sessionLife_ms, setCookie, type Sessions } from "./session.ts";

export interface ConsoleOptions {
  /** The folder of the built console. */
  readonly root: string;
  readonly sessions: Sessions;
  /** Whether a console on this machine is signed in without a token. */
  readonly openOnLoopback: boolean;
  readonly secure: boolean;
}

const notBuilt = `<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<title>更夫 Gengfu</title>
<p>控制台尚未构建。请运行 <code>npm run build:web</code>，然后重新启动云端服务。</p>
<p>The console has not been built. Run <code>npm run build:web</code>, then start the cloud again.</p>
</html>
`;

/** Serves the console: its page for every path that is no file, so that its own addresses can be opened. */
export function serveConsole(api: Api, { root, sessions, openOnLoopback, secure }: ConsoleOptions): void {
  const built = existsSync(join(root, "index.html"));
  const sendPage = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    if (openOnLoopback && isLocal(request) && sessionOf(request, sessions) === undefined) {
      void reply.header("set-cookie", setCookie(sessions.beginOnLoopback(), { secure, life_ms: sessionLife_ms }));
    }
    void reply.header("cache-control", "no-cache");
    if (!built) return reply.code(503).type("text/html; charset=utf-8").send(notBuilt);
    return reply.sendFile("index.html", { cacheControl: false });
  };

  if (built) {
    void api.register(fastifyStatic, {
      root,
      index: false,
      cacheControl: false,
      setHeaders: (response, path) => {
        // Vite puts a hash of the content into the names of these
        const immutable = path.startsWith(join(root, "assets"));
        void response.header("cache-control", immutable ? "public, max-age=31536000, immutable" : "no-cache");
      },
    });
  }
  for (const url of ["/", "/index.html"]) api.get(url, { schema: { hide: true } }, sendPage);
  api.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?", 1)[0] ?? "";
    const isPage = request.method === "GET" && !path.startsWith("/api/") && !/\.[a-z0-9]+$/i.test(path);
    if (isPage) return sendPage(request, reply);
    return sendProblem(reply, problemBody(404, `there is no ${request.method} ${path}`));
  });
}
