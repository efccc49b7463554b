import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { appFiles } from "../../app_files.ts";
import { networkKernels } from "../../network_kernels.ts";

const web = fileURLToPath(new URL("../..", import.meta.url));

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "./",
  plugins: [appFiles(web), networkKernels()],
  resolve: {
    conditions: ["onnxruntime-web-use-extern-wasm", "module", "browser", "development|production"],
  },
  worker: { format: "es", plugins: () => [networkKernels()] },
  build: { target: "es2022", emptyOutDir: true, assetsInlineLimit: 0 },
});
