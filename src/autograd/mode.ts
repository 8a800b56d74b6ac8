import { runScope } from "../tensor/lifetime.ts";

let enabled = true;

/** Whether ops are recorded for backward. */
export const isGradEnabled = (): boolean => enabled;

function withMode<T>(mode: boolean, fn: () => T): T {
  const before = enabled;
  enabled = mode;
  try {
    return fn();
  } finally {
    enabled = before;
  }
}

/** Runs engine code with recording on or off, without a scope. */
export const withGrad = withMode;

/**
 * Runs `fn` without recording for backward, and frees at the end what it made and neither returned, kept nor stored on a module.
 * @param fn a synchronous function; a returned promise is a TypeError.
 */
export function noGrad<T>(fn: () => T): T {
  return runScope("noGrad", () => withMode(false, fn));
}

/** Runs `fn` with recording on, for use inside `noGrad`. */
export function enableGrad<T>(fn: () => T): T {
  return runScope("enableGrad", () => withMode(true, fn));
}

/** Runs `fn` and frees at the end what it made and neither returned, kept nor stored on a module. Gradients are recorded as usual. */
export function scope<T>(fn: () => T): T {
  return runScope("scope", fn);
}
