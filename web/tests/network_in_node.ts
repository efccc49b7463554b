import { readFileSync } from "node:fs";
import { setNetworkSource } from "../src/localize/net/network.ts";

/** Network and runtime from the repository's files, for tests without a browser. */
export function useNetworkFiles(): void {
  const model = new URL("../../src/cellstorm/localize/net/phone.onnx", import.meta.url);
  setNetworkSource({
    model: async () => new Uint8Array(readFileSync(model)),
    runtime: new URL("../node_modules/onnxruntime-web/dist/", import.meta.url).href,
  });
}
