import { arange, memory, zeros } from "simdgrad";

const MEGABYTE = 2 ** 20;
const NUMBERS = 100_000;

/** Old values survive when the memory grows far past its first pages, and new ones can be used. */
export function growth(): string {
  const before = memory().reserved;
  const old = arange(NUMBERS);
  const expected = old.data;
  const large = zeros([16 * MEGABYTE]).add(1);
  const after = memory().reserved;
  if (!(after >= before + 64 * MEGABYTE))
    throw new Error(`64 MiB of new values took the memory from ${before} to ${after} bytes`);
  const kept = old.data;
  for (let i = 0; i < NUMBERS; i++) {
    if (kept[i] !== i || expected[i] !== i) throw new Error(`element ${i} became ${String(kept[i])}`);
  }
  const tail = large.narrow({ dim: 0, start: 16 * MEGABYTE - 1000, length: 1000 });
  const sum = tail.sum().item();
  if (sum !== 1000) throw new Error(`1000 ones of the new pages sum to ${sum}`);
  for (const t of [tail, large, old]) t.dispose();
  return `${Math.round(before / MEGABYTE)} → ${Math.round(after / MEGABYTE)} MiB`;
}
