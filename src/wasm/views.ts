/**
 * Typed views of linear memory as live bindings. Growth replaces `memory.buffer`, so nobody may keep one of
 * these across an allocation: read the binding again instead.
 */
export let u8 = new Uint8Array(0);
export let i32 = new Int32Array(0);
export let f32 = new Float32Array(0);
export let f64 = new Float64Array(0);

export function refreshViews(buffer: ArrayBufferLike): void {
  u8 = new Uint8Array(buffer as ArrayBuffer);
  i32 = new Int32Array(buffer as ArrayBuffer);
  f32 = new Float32Array(buffer as ArrayBuffer);
  f64 = new Float64Array(buffer as ArrayBuffer);
}
