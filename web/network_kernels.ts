import { readFileSync } from "node:fs";
import asc from "assemblyscript/asc";
import type { Plugin } from "vite";

const ID = "virtual:network-kernels";
const SOURCE = new URL("src/localize/net/engine/wasm/layers.ts", import.meta.url);
const FEATURES = { plain: ["simd"], relaxed: ["simd", "relaxed-simd"] };

let compiled: Promise<string> | null = null;

/** Compiles the network's layers to WebAssembly: `virtual:network-kernels`, as base64. */
export function networkKernels(): Plugin {
  return {
    name: "cellstorm-network-kernels",
    resolveId(id) {
      return id === ID ? `\0${ID}` : null;
    },
    load(id) {
      if (id !== `\0${ID}`) return null;
      this.addWatchFile(SOURCE.pathname);
      compiled ??= compileAll();
      return compiled;
    },
  };
}

async function compileAll(): Promise<string> {
  const lines: string[] = [];
  for (const [name, features] of Object.entries(FEATURES)) {
    const bytes = await compile(features);
    lines.push(`export const ${name} = "${Buffer.from(bytes).toString("base64")}";`);
  }
  return lines.join("\n");
}

async function compile(features: readonly string[]): Promise<Uint8Array> {
  const source = readFileSync(SOURCE, "utf-8");
  let bytes: Uint8Array | null = null;
  const { error, stderr } = await asc.main(
    [
      "layers.ts",
      "--outFile",
      "layers.wasm",
      "-O3",
      "--noAssert",
      "--runtime",
      "stub",
      "--importMemory",
      ...features.flatMap((feature) => ["--enable", feature]),
    ],
    {
      readFile: (name) => (name === "layers.ts" ? source : null),
      writeFile: (_, contents) => {
        bytes = contents as Uint8Array;
      },
      listFiles: () => [],
    },
  );
  if (error !== null || bytes === null) throw new Error(`layers.ts: ${stderr.toString()}`);
  return bytes;
}
