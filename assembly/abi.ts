/** What a kernel's signature may say besides `usize` (a byte pointer), `i32`, `u32` and `f32`. */

/** Pointer to i32 words that are embedded in the command itself: shapes, strides. */
export type Words = usize;
