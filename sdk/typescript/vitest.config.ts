import { defineConfig } from "vitest/config";

const project = (name: string, timeoutMs: number) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: timeoutMs,
    hookTimeout: 60_000,
    // A rejection that nobody handles fails the run: that is vitest's default, and the SDK's promise.
    dangerouslyIgnoreUnhandledErrors: false,
  },
});

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [project("unit", 10_000), project("server", 120_000), project("browser", 180_000), project("package", 120_000)],
  },
});
