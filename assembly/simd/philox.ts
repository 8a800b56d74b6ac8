/**
 * Philox 4×32-10, the counter-based generator of Salmon et al. 2011 ("Parallel random numbers: as easy as
 * 1, 2, 3"): block i of a stream is a function of the key and the counter, so any part can draw any element.
 *
 * A state is four u32: key (low, high) and counter (low, high). The counter's third word numbers the redraws of
 * an element, so that rejected draws take nothing from its neighbours.
 *
 * Two blocks go together. Of a counter of words 0 … 3, `even` holds words 0 and 2 of the first block and then of
 * the second, `odd` words 1 and 3, as the rounds' two products need them.
 */

/** Words 0 and 2 of the counters of blocks `block` and `block + 1`. */
@inline
export function evenWords(state: usize, block: u32, redraw: u32): v128 {
  const counter = load<u64>(state, 8) + block;
  const word = i64x2.replace_lane(i64x2.splat(counter & 0xffffffff), 1, (counter + 1) & 0xffffffff);
  return v128.or(word, i64x2.splat((<u64>redraw) << 32));
}

/** Words 1 and 3. */
@inline
export function oddWords(state: usize, block: u32): v128 {
  const counter = load<u64>(state, 8) + block;
  return i64x2.replace_lane(i64x2.splat(counter >> 32), 1, (counter + 1) >> 32);
}

/** The key for both blocks. */
@inline
export function keyWords(state: usize): v128 {
  return v128.load64_splat(state);
}


@inline
export function nextKey(key: v128): v128 {
  return i32x4.add(key, i64x2.splat(0xbb67ae859e3779b9));
}

/** Low and high word of word 0 times its factor, then of word 2, for the first block. */
@inline
export function firstProducts(even: v128): v128 {
  return i64x2.extmul_low_i32x4_u(even, i64x2.splat(0xcd9e8d57d2511f53));
}


@inline
export function secondProducts(even: v128): v128 {
  return i64x2.extmul_high_i32x4_u(even, i64x2.splat(0xcd9e8d57d2511f53));
}


@inline
export function nextEven(first: v128, second: v128, odd: v128, key: v128): v128 {
  return v128.xor(v128.xor(v128.shuffle<i32>(first, second, 3, 1, 7, 5), odd), key);
}


@inline
export function nextOdd(first: v128, second: v128): v128 {
  return v128.shuffle<i32>(first, second, 2, 0, 6, 4);
}

/** The four words of the first block. */
@inline
export function firstBlock(even: v128, odd: v128): v128 {
  return v128.shuffle<i32>(even, odd, 0, 4, 1, 5);
}


@inline
export function secondBlock(even: v128, odd: v128): v128 {
  return v128.shuffle<i32>(even, odd, 2, 6, 3, 7);
}

export const ROUNDS = 10;

/** Block `block` after the state's counter. */
export function philox(state: usize, block: u32, redraw: u32): v128 {
  let even = evenWords(state, block, redraw);
  let odd = oddWords(state, block);
  let key = keyWords(state);
  for (let round = 0; round < ROUNDS; round++) {
    const products = firstProducts(even);
    even = nextEven(products, products, odd, key);
    odd = nextOdd(products, products);
    key = nextKey(key);
  }
  return firstBlock(even, odd);
}
