import { runScope } from "../tensor/lifetime.ts";

let enabled = true;

/** Whether ops are recorded for backward. */
export const isGradEnabled = (): boolean => enabled;

/** Runs engine code with recording on or off, without a scope. */
export function withGrad<T>(mode: boolean, fn: () => T): T {
  const before = enabled;
  enabled = mode;
  try {
    return fn();
  } finally {
    enabled = before;
  }
}

/**
 * Runs `fn` without recording for backward, and frees at the end what it made and neither returned, kept nor stored on a module.
 * @param fn a synchronous function; a returned promise is a TypeError.
 */
export function noGrad<T>(fn: () => T): T {
  return runScope("noGrad", () => withGrad(false, fn));
}

/** Runs `fn` with recording on, for use inside `noGrad`. */
export function enableGrad<T>(fn: () => T): T {
  return runScope("enableGrad", () => withGrad(true, fn));
}

/** Runs `fn` and frees at the end what it made and neither returned, kept nor stored on a module. Gradients are recorded as usual. */
export function scope<T>(fn: () => T): T {
  return runScope("scope", fn);
}
