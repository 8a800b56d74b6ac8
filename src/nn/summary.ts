import { noGrad } from "../autograd/mode.ts";
import { zeros } from "../tensor/create.ts";
import { formatShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Module } from "./module.ts";

interface Row {
  name: string;
  type: string;
  shape: string;
  parameters: number;
  bytes: number;
}

/**
 * The model as a table: every layer with its output shape, parameters and the memory of its output, for an input of `shape`
 * (with its batch dimension). Runs the model once on zeros, in eval mode.
 */
export function summary(model: Module, shape: readonly number[]): string {
  const rows: Row[] = [];
  const modules = [...model.namedModules()];
  const training = modules.map(([, module]) => module.training);
  for (const [name, module] of modules) record(name, module, rows);
  try {
    model.eval();
    noGrad(() => {
      (model as unknown as { forward(x: Tensor): unknown }).forward(zeros(shape));
    });
  } finally {
    for (const [i, [, module]] of modules.entries()) {
      delete (module as { forward?: unknown }).forward; // back to the class's own
      module.training = training[i] as boolean;
    }
  }
  return render(rows, model, shape);
}

/** Lets this one instance note what its forward returns. Rows stand in the order of the modules, not of the calls. */
function record(name: string, module: Module, rows: Row[]): void {
  const own = [...module.namedChildren()].length === 0;
  const parameters = own ? module.parameters().reduce((n, p) => n + p.size, 0) : directParameters(module);
  const row: Row = { name, type: module.constructor.name, shape: "-", parameters, bytes: 0 };
  if (name !== "") rows.push(row);
  const forward = module.forward.bind(module) as (...inputs: unknown[]) => unknown;
  Object.defineProperty(module, "forward", {
    configurable: true,
    enumerable: false,
    value: (...inputs: unknown[]) => {
      const out = forward(...inputs);
      if (out instanceof Tensor) {
        row.shape = formatShape(out.shape);
        if (own) row.bytes = out.size * 4;
      }
      return out;
    },
  });
}

function directParameters(module: Module): number {
  return [...module.namedParameters()]
    .filter(([path]) => !path.includes("."))
    .reduce((n, [, p]) => n + p.size, 0);
}

function render(rows: readonly Row[], model: Module, shape: readonly number[]): string {
  const head = ["layer", "type", "output shape", "parameters", "output memory"];
  const body = rows.map((r) => [
    r.name,
    r.type,
    r.shape,
    r.parameters.toLocaleString("en-US"),
    formatBytes(r.bytes),
  ]);
  const widths = head.map((title, i) =>
    Math.max(title.length, ...body.map((cells) => (cells[i] as string).length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i < 3 ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number)))
      .join("  ");
  const total = model.parameters().reduce((n, p) => n + p.size, 0);
  const trainable = model.parameters().reduce((n, p) => n + (p.requiresGrad ? p.size : 0), 0);
  const activations = rows.reduce((n, r) => n + r.bytes, 0);
  return [
    `${model.constructor.name} on ${formatShape(shape)}`,
    line(head),
    widths.map((w) => "-".repeat(w)).join("  "),
    ...body.map(line),
    "",
    `parameters: ${total.toLocaleString("en-US")} (${trainable.toLocaleString("en-US")} trainable), ${formatBytes(total * 4)}`,
    `outputs of the layers: ${formatBytes(activations)}`,
  ].join("\n");
}

/** 1536 → "1.5 KiB". */
function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 2 ** 20) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
