import { defineConfig } from "vitest/config";

// Only pure functions are tested here: no DOM. What the eye sees is tested in a real browser.
export default defineConfig({ test: { environment: "node", include: ["test/**/*.test.ts"] } });
