import { i32 } from "../wasm/views.ts";
import type { Block, HeapListener } from "../wasm/heap.ts";
import { kernelOf, wordsOf } from "./command.ts";
import { interceptor, launch, type Interceptor } from "./emit.ts";
import { kernelNames, kernelPointers } from "./kernels.gen.ts";

/** A block that was allocated while recording: what the program may put anywhere, for as long as commands speak of it. */
export interface Region {
  readonly ptr: number;
  readonly size: number;
}

/** A word of a command that is an address inside a region. */
export interface Reference {
  readonly word: number;
  readonly region: Region;
  readonly offset: number;
}

/**
 * Writes down every command that runs, and which of its words are addresses of blocks that were allocated meanwhile. Everything else that it
 * points to was there before, and stays where it is.
 */
export class Recording implements Interceptor, HeapListener {
  /** All commands, one behind another. */
  readonly words: number[] = [];
  /** Where each command begins. */
  readonly starts: number[] = [];
  readonly regions: Region[] = [];
  readonly references: Reference[] = [];
  /** Addresses in memory that was there before. */
  readonly externals = new Set<number>();
  /** Whether memory that was there before, and that commands point to, was freed meanwhile: such a recording runs once. */
  spoiled = false;
  private readonly live = new Map<number, Region>();
  /** Who had the commands before: a profile. */
  private readonly next = interceptor;

  allocated({ ptr, size }: Block): void {
    const region = { ptr, size };
    this.live.set(ptr, region);
    this.regions.push(region);
  }

  freed({ ptr, size }: Block): void {
    if (this.live.delete(ptr)) return;
    for (const address of this.externals) if (address >= ptr && address < ptr + size) this.spoiled = true;
  }

  /** The region that an address lies in, if it lives. */
  find(address: number): Region | undefined {
    const exact = this.live.get(address);
    if (exact !== undefined) return exact;
    for (const region of this.live.values())
      if (address > region.ptr && address < region.ptr + region.size) return region;
    return undefined;
  }

  command(address: number): number {
    const at = address >>> 2;
    const head = i32[at] as number;
    const start = this.words.length;
    this.starts.push(start);
    const length = wordsOf(head);
    for (let w = 0; w < length; w++) this.words.push(i32[at + w] as number);
    let pointers = kernelPointers[kernelOf(head)] as number;
    for (let word = start + 1; pointers !== 0; word++, pointers >>>= 1) {
      if ((pointers & 1) !== 0) this.refer(word);
    }
    return this.next === null ? launch(address) : this.next.command(address);
  }

  private refer(word: number): void {
    const pointer = (this.words[word] as number) >>> 0;
    if (pointer === 0) return;
    const region = this.find(pointer);
    if (region === undefined) {
      this.externals.add(pointer);
      return;
    }
    this.references.push({ word, region, offset: pointer - region.ptr });
  }

  /** What makes two recordings the same program: commands, and where they point to, whatever place that had at the time. */
  isSameAs(other: Recording): string | null {
    const count = Math.min(this.starts.length, other.starts.length);
    const [mine, others] = [this.portable(), other.portable()];
    for (let index = 0; index < count; index++) {
      const [start, end] = [this.starts[index] as number, this.starts[index + 1] ?? this.words.length];
      const [same, name] = [other.starts[index] === start, this.nameOf(index)];
      if (same && this.nameOf(index) !== other.nameOf(index))
        return `command ${index} is ${other.nameOf(index)}, was ${name}`;
      for (let w = start; w < end; w++) {
        if (!same || mine[w] !== others[w]) return `command ${index}, ${name}, has other arguments`;
      }
    }
    return this.starts.length === other.starts.length
      ? null
      : `${other.starts.length} commands, were ${this.starts.length}`;
  }

  nameOf(index: number): string {
    return kernelNames[kernelOf(this.words[this.starts[index] as number] as number)] as string;
  }

  /** The words with regions' numbers in the order of their first use in the place of addresses. */
  private portable(): (number | string)[] {
    const words: (number | string)[] = [...this.words];
    const numbers = new Map<Region, number>();
    for (const { word, region, offset } of this.references) {
      const number = numbers.get(region) ?? numbers.size;
      numbers.set(region, number);
      words[word] = `${number}+${offset}`;
    }
    return words;
  }
}
