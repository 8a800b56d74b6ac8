/** What a program and its training worker say to each other. `simdgrad` tells these messages from others on the same port. */
import * as errors from "../../errors.ts";
import type { LiveUpdate } from "../live.ts";

export type ToTrainer =
  | { readonly simdgrad: "train"; readonly job: number; readonly input: unknown }
  | { readonly simdgrad: "pause" | "resume" | "cancel"; readonly job: number }
  | { readonly simdgrad: "message"; readonly message: unknown }
  | { readonly simdgrad: "ping" };

export type FromTrainer =
  | { readonly simdgrad: "trainer" }
  | { readonly simdgrad: "pong" }
  | { readonly simdgrad: "state"; readonly job: number; readonly state: "running" | "paused" }
  | { readonly simdgrad: "progress"; readonly job: number; readonly progress: RemoteProgress }
  | { readonly simdgrad: "event"; readonly job: number; readonly event: unknown }
  | {
      readonly simdgrad: "done";
      readonly job: number;
      readonly bytes: Uint8Array | null;
      readonly cancelled: boolean;
    }
  | { readonly simdgrad: "failed"; readonly job: number; readonly error: Thrown };

/** What has happened since the last one, and where training stands. */
export interface RemoteProgress extends LiveUpdate {
  /** Epochs to run. */
  readonly total: number;
  /** Steps in an epoch; null where the data do not tell. */
  readonly stepsPerEpoch: number | null;
  /** Steps done, of all epochs together. */
  readonly step: number;
}

/** An error as messages carry it. */
interface Thrown {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /** Its own figures, such as those of an OutOfMemoryError. */
  readonly fields: Readonly<Record<string, number | string>>;
}

export function thrown(error: unknown): Thrown {
  const { name, message, stack = "", ...rest } = error instanceof Error ? error : new Error(String(error));
  const fields = Object.entries(rest).filter(([, value]) => ["number", "string"].includes(typeof value));
  return { name, message, stack, fields: Object.fromEntries(fields) as Record<string, number | string> };
}

/** The error again: of the library's class of that name, where there is one. */
export function revive({ name, message, stack, fields }: Thrown): Error {
  const kind = Object.entries(errors).find(
    ([key]) => key === name || (key === "IndexOutOfRangeError" && name === "IndexError"),
  );
  const error = Object.assign(new Error(message), fields, { name, stack });
  return kind === undefined ? error : (Object.setPrototypeOf(error, kind[1].prototype) as Error);
}
