import { AutogradError, ValueError } from "../errors.ts";
import { touch } from "../tensor/lifetime.ts";
import { Tensor } from "../tensor/tensor.ts";
import { Node } from "./node.ts";

/** Where names of leaves come from: a module, or tensors by name. */
export type LeafNames = { namedParameters(): Iterable<[string, Tensor]> } | Readonly<Record<string, Tensor>>;

export interface GraphDumpOptions {
  /** Graphviz's language, or Mermaid's for Markdown pages. Default "mermaid". */
  format?: "dot" | "mermaid";
  /** Names for leaves: a module (its parameters' paths) or an object of tensors. */
  names?: LeafNames;
}

interface Box {
  readonly id: string;
  readonly label: string;
  readonly kind: "op" | "leaf" | "root";
}

function namesOf(names: LeafNames | undefined): Map<Tensor, string> {
  const found = new Map<Tensor, string>();
  if (names === undefined) return found;
  const named = "namedParameters" in names && typeof names.namedParameters === "function";
  const entries: Iterable<readonly [string, unknown]> = named
    ? names.namedParameters()
    : Object.entries(names);
  for (const [name, t] of entries) if (t instanceof Tensor) found.set(t, name);
  return found;
}

const times = (shape: readonly number[]): string => (shape.length === 0 ? "scalar" : shape.join("×"));

const FORMATS = {
  mermaid: {
    head: "flowchart TD",
    box: ({ id, label, kind }: Box): string => {
      const text = `"${label.replaceAll('"', "#quot;")}"`;
      return `  ${id}${kind === "leaf" ? `([${text}])` : kind === "root" ? `[[${text}]]` : `[${text}]`}`;
    },
    edge: (from: string, to: string, label: string): string =>
      `  ${from} -->${label === "" ? "" : `|${label}|`} ${to}`,
    foot: "",
  },
  dot: {
    head: "digraph {\n  node [shape=box]",
    box: ({ id, label, kind }: Box): string => {
      const style = kind === "leaf" ? ", shape=ellipse" : kind === "root" ? ", peripheries=2" : "";
      return `  ${id} [label="${label.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"${style}]`;
    },
    edge: (from: string, to: string, label: string): string =>
      `  ${from} -> ${to}${label === "" ? "" : ` [label="${label}"]`}`,
    foot: "}",
  },
} as const;

/**
 * The recorded graph of a result as text for a diagram: each op with its name and the shape of its result, leaves as ovals with their names,
 * arrows in the direction of forward; an arrow from an op of several results carries its index. Same graph, same text.
 * @param root a result that requires gradients, or several.
 * @throws {AutogradError} a root has no graph.
 * @example
 * console.log(graphDump(loss, { names: model })); // paste into a ```mermaid block
 */
export function graphDump(root: Tensor | readonly Tensor[], options: GraphDumpOptions = {}): string {
  const roots = root instanceof Tensor ? [root] : root;
  const wanted: string = options.format ?? "mermaid";
  if (wanted !== "mermaid" && wanted !== "dot")
    throw new ValueError(`graphDump: format must be "mermaid" or "dot", got ${JSON.stringify(wanted)}`);
  const format = FORMATS[wanted];
  const names = namesOf(options.names);
  const ids = new Map<Node | Tensor, string>();
  const lines: string[] = [];
  const tops = new Set(
    roots.map((t) => {
      touch(t, "graphDump");
      if (!t.requiresGrad)
        throw new AutogradError(
          "graphDump: this tensor has no graph: nothing it was computed from has requiresGrad, or it was computed under noGrad()",
        );
      return (t.node as Node | null) ?? t;
    }),
  );
  const draw = (at: Node | Tensor): string => {
    const known = ids.get(at);
    if (known !== undefined) return known;
    const id = `${at instanceof Node ? "n" : "leaf"}${ids.size}`;
    ids.set(at, id);
    const name = at instanceof Node ? at.name : (names.get(at) ?? "leaf");
    const shapes = at instanceof Node ? at.outputShapes.map(times).join(", ") : times(at.shape);
    const kind = tops.has(at) ? "root" : at instanceof Node ? "op" : "leaf";
    lines.push(format.box({ id, label: `${name} ${shapes}`, kind }));
    return id;
  };
  const order = [...reachable(tops)];
  for (const at of order) draw(at);
  for (const node of order) {
    if (!(node instanceof Node)) continue;
    node.parents.forEach((parent, i) => {
      if (parent === null) return;
      const several = parent instanceof Node && parent.outputShapes.length > 1;
      lines.push(format.edge(draw(parent), draw(node), several ? String(node.parentOutputs[i]) : ""));
    });
  }
  return [format.head, ...lines, ...(format.foot === "" ? [] : [format.foot])].join("\n") + "\n";
}

/** Ops and leaves that the roots come from, in the order of forward, leaves first. */
function reachable(tops: ReadonlySet<Node | Tensor>): (Node | Tensor)[] {
  const seen = new Set<Node | Tensor>();
  const stack = [...tops];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    if (at instanceof Node) for (const parent of at.parents) if (parent !== null) stack.push(parent);
  }
  const nodes = [...seen].filter((at) => at instanceof Node).sort((a, b) => a.id - b.id);
  const leaves = nodes.flatMap((node) => node.parents.filter((p) => p instanceof Tensor));
  return [...new Set<Node | Tensor>([...leaves, ...[...tops].filter((t) => t instanceof Tensor), ...nodes])];
}
