import { createHash } from "node:crypto";
import { createReadStream, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, resolve } from "node:path";
import type { Plugin } from "vite";

/** Files that lie beside the bundles under fixed names: the network and the WASM runtime. */
const BESIDE: Record<string, string> = {
  "models/phone.onnx": "../src/cellstorm/localize/net/phone.onnx",
  "ort/ort-wasm-simd-threaded.mjs": "node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.mjs",
  "ort/ort-wasm-simd-threaded.wasm":
    "node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm",
};

const TYPES: Record<string, string> = {
  mjs: "text/javascript",
  onnx: "application/octet-stream",
  wasm: "application/wasm",
};

/** The service worker's source names its list by this word. */
const PLACEHOLDER = "__PRECACHE__";

/**
 * Puts the network and the runtime beside the app, and the list of files into the worker.
 *
 * `src/service_worker.ts` (when there) uses the constant `__PRECACHE__`:
 * `{ version, files, later, seldom }`, addresses relative to the app's folder. `files` make the
 * app work offline, `later` (the network) are worth keeping once they were needed, `seldom` (the
 * runtime for networks of another kind) as well, but are not fetched before. The version is a
 * digest of all of them, so that browsers notice a new build.
 */
export function appFiles(root: string): Plugin {
  const source = (name: string): string => resolve(root, BESIDE[name]);
  return {
    name: "cellstorm-app-files",
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const name = (request.url ?? "").split("?")[0].slice(1);
        if (!(name in BESIDE)) {
          next();
          return;
        }
        const extension = name.split(".").at(-1) ?? "";
        response.setHeader("Content-Type", TYPES[extension]);
        createReadStream(source(name)).pipe(response);
      });
    },
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        const digest = createHash("sha256");
        const files = ["./"];
        const beside = Object.keys(BESIDE);
        const later = beside.filter((name) => !name.startsWith("ort/"));
        const seldom = beside.filter((name) => name.startsWith("ort/"));
        for (const [name, item] of Object.entries(bundle)) {
          if (basename(name) === "service_worker.js" || name.endsWith(".map")) continue;
          digest.update(name).update(item.type === "chunk" ? item.code : item.source);
          files.push(name);
        }
        for (const name of publicFiles(resolve(root, "public"))) {
          digest.update(name).update(readFileSync(resolve(root, "public", name)));
          files.push(name);
        }
        for (const name of beside) {
          digest.update(readFileSync(source(name)));
          this.emitFile({ type: "asset", fileName: name, source: readFileSync(source(name)) });
        }
        const version = digest.digest("hex").slice(0, 16);
        const list = JSON.stringify({ version, files, later, seldom });
        for (const item of Object.values(bundle)) {
          if (item.type === "chunk" && item.fileName === "service_worker.js") {
            item.code = item.code.replaceAll(PLACEHOLDER, list);
          }
        }
      },
    },
  };
}

function publicFiles(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf-8" }).filter((name) =>
      statSync(resolve(folder, name)).isFile(),
    );
  } catch {
    return [];
  }
}
