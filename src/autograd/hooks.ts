import { AutogradError, DTypeError, ShapeError, ValueError } from "../errors.ts";
import { born, touch } from "../tensor/lifetime.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import { Tensor, type Hook } from "../tensor/tensor.ts";
import { share } from "./accumulate.ts";
import type { Node, OutputHook } from "./node.ts";

export type { Hook };

/** What registerHook returns. */
export interface HookHandle {
  /** Takes the hook off; calling it again does nothing. */
  remove(): void;
}

/**
 * Calls `hook` with the gradient of `t` whenever a backward pass has it complete, before it goes on to the op that made `t` or into `t.grad`.
 * What the hook returns, of the same shape, takes the gradient's place; hooks run in the order of their registration, each on what the
 * one before left (PyTorch's Tensor.register_hook). Gradients that `grad()` returns have passed the hooks too.
 *
 * The gradient that a hook gets, and what it computes from it, end with the hook unless returned or passed to `keep()`. A hook belongs to
 * the value that `t` has now: after a recorded write in place, it still sees the gradient of the value before.
 * @throws {AutogradError} `t` needs no gradient.
 * @example
 * const handle = h.registerHook((g) => g.clamp({ min: -1, max: 1 })); // clips what flows back through h
 * handle.remove();
 */
export function registerHook(t: Tensor, hook: Hook): HookHandle {
  touch(t, "registerHook");
  if (typeof hook !== "function")
    throw new ValueError(`registerHook: takes a function of the gradient, got ${typeof hook}`);
  if (!t.requiresGrad) {
    throw new AutogradError(
      "registerHook: this tensor needs no gradient, so no pass would call the hook; set requiresGrad on it or on what it is computed from",
    );
  }
  const node = t.node as Node | null;
  if (node === null) {
    const leaf = t.aliasOf ?? t;
    // A wrapper: one function may be registered twice, and each handle takes off its own.
    const own: Hook = (g) => hook(g);
    (leaf.hooks ??= []).push(own);
    return {
      remove(): void {
        leaf.hooks = without(leaf.hooks, own);
      },
    };
  }
  const own: OutputHook = { output: t.outputIndex, run: hook, tensor: null };
  (node.hooks ??= []).push(own);
  return {
    remove(): void {
      node.hooks = without(node.hooks, own);
    },
  };
}

function without<T>(list: T[] | null, one: T): T[] | null {
  const rest = list?.filter((entry) => entry !== one) ?? [];
  return rest.length > 0 ? rest : null;
}

/**
 * Lets a result keep its gradient in `.grad`, as leaves do; backward adds to what is there. On a leaf it does nothing. The gradient is
 * what the tensor's hooks leave, and lives as long as the tensor: `keep()` one that a module's forward makes.
 * @throws {AutogradError} `t` needs no gradient.
 * @example
 * const h = x.mul(2);
 * h.retainGrad();
 * h.sum().backward(); // h.grad is ones
 */
export function retainGrad(t: Tensor): void {
  touch(t, "retainGrad");
  if (!t.requiresGrad)
    throw new AutogradError("retainGrad: this tensor needs no gradient, so there will be none to keep");
  const node = t.node as Node | null;
  if (node === null || node.hooks?.some((h) => h.tensor === t)) return;
  (node.hooks ??= []).push({ output: t.outputIndex, run: null, tensor: t });
}

/** What one hook makes of a gradient in flight: null where it stays, else a handle for the pass. Runs inside a frame. */
export function callHook(hook: Hook, g: Tensor): Tensor | null {
  const lent = share(g);
  born(lent);
  const result: unknown = hook(lent);
  if (result === undefined || result === null || result === lent) return null;
  if (!(result instanceof Tensor))
    throw new AutogradError(`registerHook: a hook must return a tensor or nothing, got ${typeof result}`);
  touch(result, "registerHook");
  if (!sameShape(result.shape, g.shape)) {
    throw new ShapeError(
      `registerHook: a hook returned shape ${formatShape(result.shape)} for a gradient of shape ${formatShape(g.shape)}`,
    );
  }
  if (result.dtype !== "f32")
    throw new DTypeError(`registerHook: gradients are f32, a hook returned ${result.dtype}`);
  return share(result);
}
