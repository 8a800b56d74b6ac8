import { activationSlots, elementwiseKernels, kernelNames, kernelPointers } from "./kernels.gen.ts";
import { kernelOf } from "./command.ts";
import type { Recording, Reference, Region } from "./recording.ts";

/** A command of a recording by itself: words and references count from its head. */
export interface Command {
  /** Its place in the recording. */
  readonly index: number;
  readonly words: number[];
  references: Reference[];
}

/** Commands that run tile by tile, all of them on one tile before any on the next. */
export interface Group {
  readonly tiles: number;
  readonly commands: readonly Command[];
}

export type Step = Command | Group;

export const isGroup = (step: Step): step is Group => "tiles" in step;

/** The commands of a recording, one by one. */
export const commandsOf = ({ starts, words, references }: Recording): Command[] => {
  const commands = starts.map((start, index): Command => ({
    index,
    words: words.slice(start, starts[index + 1] ?? words.length),
    references: [],
  }));
  let index = 0;
  for (const { word, region, offset } of references) {
    while (word >= (starts[index + 1] ?? words.length)) index++;
    commands[index]?.references.push({ word: word - (starts[index] as number), region, offset });
  }
  return commands;
};

/** What commands become when work on the same memory is put together. The numbers are the same: no order of operations changes. */
export function fuse(commands: readonly Command[]): Step[] {
  return tile(rectify(commands));
}

const RELU = kernelNames.indexOf("relu_f32");

const referenceAt = (command: Command, word: number): Reference | undefined =>
  command.references.find((reference) => reference.word === word);

/** Lets products and convolutions that nothing but a relu reads end in it themselves. */
function rectify(commands: readonly Command[]): Command[] {
  const uses = new Map<Region, Command[]>();
  for (const command of commands)
    for (const region of new Set(command.references.map((reference) => reference.region)))
      uses.set(region, [...(uses.get(region) ?? []), command]);
  return commands.filter((command) => {
    if (kernelOf(command.words[0] as number) !== RELU) return true;
    const [out, x, n] = [referenceAt(command, 1), referenceAt(command, 2), command.words[3] as number];
    if (out === undefined || x === undefined || out.offset + x.offset > 0) return true;
    const { region } = x;
    const [maker, reader, ...others] = uses.get(region) as [Command, ...Command[]];
    const slot = activationSlots[kernelOf(maker.words[0] as number)];
    const whole = region.size === Math.ceil(n / 16) * 64 && referenceAt(maker, 1)?.region === region;
    if (slot === undefined || reader !== command || others.length > 0 || !whole || maker.words[slot] !== 0)
      return true;
    maker.words[slot] = 1;
    maker.references = maker.references.map((reference) =>
      reference.word === 1 ? { ...out, word: 1 } : reference,
    );
    return false;
  });
}

/** Elements of a tile: of a handful of operands, the first-level cache holds them. */
const TILE = 2048;
/** From here on the operands of a chain do not stay in the first-level cache by themselves. */
const LONG = 8192;

const elementwise = new Set(elementwiseKernels);

/** What an element-wise command works on. */
interface Mapping {
  readonly n: number;
  /** Operands that are one element, by their words. */
  readonly scalars: readonly number[];
}

/** An element-wise command on dense operands and scalars; null for anything else. */
function asMap({ words }: Command): Mapping | null {
  if (!elementwise.has(kernelOf(words[0] as number))) return null;
  // The last argument is the number of elements, or of two operands says where their dims are: rank, sizes, strides.
  if (words.length !== 9 || words[4] !== 5) return { n: words.at(-1) as number, scalars: [] };
  const [rank, n, ...strides] = words.slice(5) as [number, number, number, number];
  if (rank !== 1 || strides.some((stride) => stride > 1)) return null;
  return { n, scalars: strides.flatMap((stride, i) => (stride === 0 ? [i + 2] : [])) };
}

/** An operand's place: in a region, or (null) anywhere else. */
interface Operand {
  readonly region: Region | null;
  readonly from: number;
  readonly isScalar: boolean;
}

function operandsOf(command: Command, scalars: readonly number[]): Operand[] {
  const pointers = kernelPointers[kernelOf(command.words[0] as number)] as number;
  return command.words.flatMap((address, word) => {
    if (word === 0 || word > 31 || ((pointers >>> (word - 1)) & 1) === 0) return [];
    const reference = referenceAt(command, word);
    const isScalar = scalars.includes(word);
    return [{ region: reference?.region ?? null, from: reference?.offset ?? address >>> 0, isScalar }];
  });
}

/** Whether two operands, where they share memory at all, share it element by element. */
function agree(a: Operand, b: Operand, bytes: number): boolean {
  if (a.region !== b.region || (a.isScalar && b.isScalar)) return true;
  if (!a.isScalar && !b.isScalar && a.from === b.from) return true;
  const [endA, endB] = [a.from + (a.isScalar ? 4 : bytes), b.from + (b.isScalar ? 4 : bytes)];
  return endA <= b.from || endB <= a.from;
}

/** Whether a command knows nothing but regions that the operands are not in. */
function isApart(command: Command, operands: readonly Operand[]): boolean {
  return operandsOf(command, []).every(
    ({ region, from }) =>
      (region === null && from === 0) ||
      (region !== null && operands.every((other) => other.region !== region)),
  );
}

/** Runs neighbours that map the same elements on tile after tile, so that what one makes is still in the cache for the next. */
function tile(commands: readonly Command[]): Step[] {
  const steps: Step[] = [];
  let chain: Command[] = [];
  let operands: Operand[] = [];
  let length = 0;
  const close = (): void => {
    if (chain.length > 1) steps.push({ tiles: Math.ceil(length / TILE), commands: chain });
    else steps.push(...chain);
    chain = [];
    operands = [];
  };
  for (const command of commands) {
    const map = asMap(command);
    if (map === null || map.n < LONG) {
      // What has nothing to do with the chain, such as the making of a scalar for it, may as well come before.
      if (chain.length > 0 && !isApart(command, operands)) close();
      steps.push(command);
      continue;
    }
    const own = operandsOf(command, map.scalars);
    const fits = map.n === length && own.every((a) => operands.every((b) => agree(a, b, length * 4)));
    if (!fits) close();
    length = map.n;
    chain.push(command);
    operands.push(...own);
  }
  close();
  return steps;
}
