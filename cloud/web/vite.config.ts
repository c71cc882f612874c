import preact from "@preact/preset-vite";
import { defineConfig } from "vite";

/** Where the cloud listens while the console is being worked on; another with GENGFU_API. */
const api = process.env["GENGFU_API"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  root: import.meta.dirname,
  plugins: [preact({ devToolsEnabled: false })],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    // the guards' own phones: what was current in early 2023
    target: ["chrome110", "edge110", "firefox110", "safari16"],
    // inlined assets would be data: addresses, which a strict content security policy refuses
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { host: "127.0.0.1", proxy: { "/api": { target: api } } },
});
