/** The matrix [[1, 2], [3, 4]], and its square. */
export const FACTOR = [1, 2, 3, 4];
const SQUARE = "7,10,15,22";

/**
 * Ends the process and tells what it took since its start: time, and that of all its threads on the processor.
 * @param {ArrayLike<number>} [square] what came out; the empty process has none
 */
export function done(square) {
  const ms = performance.now(); // counted from the start of the process
  const { user, system } = process.cpuUsage();
  const got = square && Array.from(square).join();
  if (got !== undefined && got !== SQUARE) throw new Error(`the square is ${got}, not ${SQUARE}`);
  process.stdout.write(JSON.stringify({ wall: ms, cpu: (user + system) / 1000 }), () => process.exit());
}
