import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["{shared,firmware-contracts,edge,cloud,dashboards,deploy}/**/*.test.ts", "test/tidy/**/*.test.ts"],
          exclude: ["**/node_modules/**"],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "whole",
          include: ["test/**/*.test.ts"],
          exclude: ["test/tidy/**", "**/node_modules/**"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
