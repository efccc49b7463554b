/** WebAssembly of `wasm/layers.ts` as base64; made by `network_kernels.ts` beside `src`. */
declare module "virtual:network-kernels" {
  export const plain: string;
  export const relaxed: string;
}
