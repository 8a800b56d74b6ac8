/** How a product is divided among parts. Numbers only: results do not depend on it. */
import { NR } from "./blocking";

/** What packing a panel of B costs, in rows that it meets. */
const PACKING: i32 = 3;

/**
 * Whether each part takes columns rather than rows (those of all the batch's products, one behind another). Parts that
 * share rows pack all of B that they meet, each for itself; parts that share columns pack all of A, unless it is read where it lies.
 * The cost is that of the part with most to do, in rows times panels.
 */
export function byColumns(m: i32, n: i32, batch: i32, inPlace: bool, parts: i32): bool {
  if (parts == 1) return false;
  const panels = (n + NR - 1) / NR;
  const rows = (batch * m + parts - 1) / parts;
  const most = (panels + parts - 1) / parts;
  const met = (rows + m - 1) / m;
  return (
    <i64>batch * (<i64>(m + PACKING) * most + (inPlace ? 0 : m >> 1)) < <i64>panels * (rows + PACKING * met)
  );
}
