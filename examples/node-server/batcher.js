import { AREA } from "./digits/read.js";

/** There is no room: what the queue holds, and when to come again. */
export class QueueFull extends Error {
  /** @param {number} waiting @param {number} most */
  constructor(waiting, most) {
    super(`${waiting} digits wait, and ${most} may`);
    this.waiting = waiting;
    this.most = most;
  }
}

/**
 * @typedef {object} Entry
 * @property {Float32Array<ArrayBuffer>} ink
 * @property {number} count
 * @property {(answers: import("./digits/classifier.js").Answer[]) => void} resolve
 * @property {(error: unknown) => void} reject
 */

/**
 * Puts digits of concurrent requests through the network together. The first one to come waits until there is a full batch, or for
 * `waitMs`; with 0 it waits for what the sockets have brought by the end of this turn of the event loop, which costs nothing
 * and is all that there is while a batch is computed.
 */
export class Batcher {
  /** @type {Entry[]} */
  #queue = [];
  #waiting = 0;
  /** @type {NodeJS.Timeout | NodeJS.Immediate | undefined} */
  #timer;
  #options;
  counts = { digits: 0, batches: 0, refused: 0 };

  /**
   * @param {import("./digits/classifier.js").Classifier} classifier
   * @param {{ size: number, waitMs: number, queue: number }} options
   */
  constructor(classifier, options) {
    this.classifier = classifier;
    this.#options = options;
  }

  /** How many digits wait. */
  get waiting() {
    return this.#waiting;
  }

  /**
   * @param {Float32Array<ArrayBuffer>} ink
   * @param {number} count
   * @returns {Promise<import("./digits/classifier.js").Answer[]>}
   */
  classify(ink, count) {
    const { queue, size } = this.#options;
    if (this.#waiting + count > queue) {
      this.counts.refused += count;
      return Promise.reject(new QueueFull(this.#waiting, queue));
    }
    this.#waiting += count;
    return new Promise((resolve, reject) => {
      this.#queue.push({ ink, count, resolve, reject });
      this.#schedule(this.#waiting >= size);
    });
  }

  /** @param {boolean} full */
  #schedule(full) {
    const { waitMs } = this.#options;
    if (this.#timer !== undefined && !full) return;
    clearTimeout(/** @type {NodeJS.Timeout} */ (this.#timer));
    clearImmediate(/** @type {NodeJS.Immediate} */ (this.#timer));
    const run = () => {
      this.#timer = undefined;
      this.#runOne();
      if (this.#queue.length > 0) this.#schedule(true);
    };
    this.#timer = full || waitMs === 0 ? setImmediate(run) : setTimeout(run, waitMs);
  }

  /** One batch; the event loop has its turn before the next. A request is never divided. */
  #runOne() {
    const entries = [];
    let count = 0;
    for (const entry of this.#queue) {
      if (entries.length > 0 && count + entry.count > this.#options.size) break;
      entries.push(entry);
      count += entry.count;
    }
    this.#queue.splice(0, entries.length);
    this.#waiting -= count;
    this.counts.digits += count;
    this.counts.batches += 1;
    try {
      const answers = this.classifier.classify(together(entries, count), count);
      let from = 0;
      for (const entry of entries) entry.resolve(answers.slice(from, (from += entry.count)));
    } catch (error) {
      for (const entry of entries) entry.reject(error);
    }
  }
}

/**
 * @param {readonly Entry[]} entries
 * @param {number} count
 */
function together(entries, count) {
  const [first] = entries;
  if (entries.length === 1 && first) return first.ink;
  const ink = new Float32Array(count * AREA);
  let at = 0;
  for (const entry of entries) {
    ink.set(entry.ink, at);
    at += entry.ink.length;
  }
  return ink;
}
