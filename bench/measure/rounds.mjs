import { ContenderError, Worker } from "./worker.mjs";
/** @import { Entry, Readings, Results, Warmed } from "../types.d.ts" */
/** @import { Family } from "../workloads/index.mjs" */

/**
 * @typedef {object} Pace
 * @property {number} rounds of fresh processes
 * @property {number} slices a round and workload
 * @property {number} warm seconds before the first slice
 * @property {number} slice seconds
 */

/** A contender this slow takes part in the first round only, with one step. Seconds. */
const GLACIAL = 5;
/** Above this a slice is one step, and two of them must do. Seconds. */
const SLOW = 0.5;

/** @typedef {{ entry: Entry, worker: Worker, started: boolean, steps: number, turns: number }} Seat */

/**
 * @param {Results} results
 * @param {string} workload
 * @param {string} contender
 * @returns {Readings}
 */
function readingsOf(results, workload, contender) {
  const row = results.get(workload) ?? new Map();
  results.set(workload, row);
  const readings = row.get(contender) ?? {
    rounds: [],
    flops: null,
    bytes: null,
    stats: null,
    evidence: [],
    error: null,
  };
  row.set(contender, readings);
  return readings;
}

/**
 * Runs all families for all rounds: in each round every contender has a fresh process, and slices of the contenders
 * take turns, so that whatever else the machine does meets all alike.
 * @param {object} job
 * @param {Family[]} job.families
 * @param {Entry[]} job.entries
 * @param {string} job.folder
 * @param {Pace} job.pace
 * @param {(text: string) => void} job.say
 * @returns {Promise<{ results: Results, about: Map<string, string> }>}
 */
export async function measure({ families, entries, folder, pace, say }) {
  /** @type {Results} */
  const results = new Map();
  /** @type {Map<string, string>} */
  const about = new Map();
  for (let round = 0; round < pace.rounds; round++) {
    for (const family of families) {
      say(`round ${round + 1} of ${pace.rounds}: ${family.name}`);
      const wanted = entries.filter((entry) => entry.families.includes(family.name));
      /** @type {Seat[]} */
      const seats = wanted.map((entry) => ({
        entry,
        worker: new Worker(entry),
        started: false,
        steps: 1,
        turns: 0,
      }));
      try {
        await start(seats, family, results, about);
        for (const { name } of family.workloads) {
          await race(seats, name, round, { folder, pace, results });
        }
      } finally {
        await Promise.all(seats.map(({ worker }) => worker.stop()));
      }
    }
  }
  return { results, about };
}

/**
 * @param {Seat[]} seats
 * @param {Family} family
 * @param {Results} results
 * @param {Map<string, string>} about
 */
async function start(seats, family, results, about) {
  for (const seat of seats) {
    const { entry, worker } = seat;
    const all = family.workloads.map(({ name }) => readingsOf(results, name, entry.name));
    try {
      about.set(entry.name, (await worker.ask({ do: "start" })).about);
      seat.started = true;
    } catch (error) {
      if (!(error instanceof ContenderError)) throw error;
      for (const readings of all) readings.error = error.message;
    }
  }
}

/**
 * One workload in one round.
 * @param {Seat[]} seats
 * @param {string} workload
 * @param {number} round
 * @param {{ folder: string, pace: Pace, results: Results }} job
 */
async function race(seats, workload, round, { folder, pace, results }) {
  for (const seat of seats) {
    const readings = readingsOf(results, workload, seat.entry.name);
    readings.rounds[round] = [];
    seat.turns = 0;
    if (!seat.started) continue;
    if (readings.rounds.flat().some((seconds) => seconds > GLACIAL)) continue;
    await attempt(readings, async () => {
      await seat.worker.ask({ do: "open", folder, workload });
      const least = seat.entry.least ?? 3;
      /** @type {Warmed} */
      const { evidence, last, flops, bytes, stats } = await seat.worker.ask({
        do: "warm",
        seconds: pace.warm,
        least,
      });
      readings.evidence = evidence;
      readings.flops = flops;
      readings.bytes = bytes;
      readings.stats = stats;
      readings.error = null;
      if (last > GLACIAL) readings.rounds[round]?.push(last);
      else {
        seat.steps = Math.max(1, Math.round(pace.slice / last));
        seat.turns = last > SLOW ? 2 : pace.slices;
      }
    });
  }
  for (let turn = 0; turn < pace.slices; turn++) {
    // Nobody always follows the same neighbour's caches.
    const order = turn % 2 === 0 ? seats : [...seats].reverse();
    for (const seat of order) {
      if (turn >= seat.turns) continue;
      const readings = readingsOf(results, workload, seat.entry.name);
      const well = await attempt(readings, async () => {
        const { seconds } = await seat.worker.ask({ do: "run", steps: seat.steps });
        readings.rounds[round]?.push(seconds / seat.steps);
      });
      if (!well) seat.turns = 0;
    }
  }
}

/**
 * @param {Readings} readings
 * @param {() => Promise<void>} act
 */
async function attempt(readings, act) {
  try {
    await act();
    return true;
  } catch (error) {
    if (!(error instanceof ContenderError)) throw error;
    readings.error = error.message;
    return false;
  }
}
