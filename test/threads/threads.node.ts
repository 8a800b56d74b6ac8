/** A program with threads, which must end by itself. */
import { add, destroy, div, init, ones, sum } from "../../src/index.ts";

for (let time = 0; time < 2; time++) {
  const { threads } = await init({ threads: 2 });
  const x = ones([10_000, 1000]);
  console.log(`${threads} threads, ${sum(div(add(x, x), 2)).item()}`);
  if (time === 0) destroy();
}
