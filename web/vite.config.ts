import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// `npm run dev` speaks to a running product (VIVIER_URL) or, without one, to the mock: `node mock/serve.mjs`.
const upstream = process.env["VIVIER_URL"] ?? "http://127.0.0.1:4180";

export default defineConfig({
  plugins: [react(), tailwindcss()],
  // The server's content policy allows nothing inline and no data: scripts; small assets stay files.
  build: { target: "es2023", assetsInlineLimit: 0, modulePreload: { polyfill: false }, chunkSizeWarningLimit: 600, reportCompressedSize: false },
  server: { port: 4181, proxy: { "/v1": { target: upstream, changeOrigin: false }, "/open": upstream } },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
