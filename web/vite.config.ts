import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { appFiles } from "./app_files.ts";
import { networkKernels } from "./network_kernels.ts";

const root = fileURLToPath(new URL(".", import.meta.url));
const serviceWorker = `${root}src/service_worker.ts`;

export default defineConfig({
  root,
  // relative addresses: the folder works at any place of any host
  base: "./",
  plugins: [appFiles(root), networkKernels()],
  resolve: {
    // the runtime's .wasm is loaded from ort/, not bundled into the scripts
    conditions: ["onnxruntime-web-use-extern-wasm", "module", "browser", "development|production"],
  },
  worker: { format: "es", plugins: () => [networkKernels()] },
  build: {
    outDir: "../src/cellstorm/serve/app",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 800,
    rolldownOptions: {
      input: {
        index: `${root}index.html`,
        ...(existsSync(serviceWorker) ? { service_worker: serviceWorker } : {}),
      },
      output: {
        // a service worker must keep its address from build to build
        entryFileNames: (chunk) =>
          chunk.name === "service_worker" ? "service_worker.js" : "assets/[name]-[hash].js",
      },
    },
  },
  test: {
    include: ["tests/**/*.test.ts"],
    environment: "node",
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
