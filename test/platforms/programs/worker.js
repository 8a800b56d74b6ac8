/** For workerd: a model is built where the module is evaluated, which may use neither timers nor random numbers of the host. */
import { conform } from "./conformance.js";
import { nn, ones, tensor } from "simdgrad";

const model = new nn.Sequential(new nn.Linear(4, 8), new nn.ReLU(), new nn.Linear(8, 1));
const atModuleLevel = model.forward(tensor([1, 2, 3, 4], { shape: [1, 4] })).item();

export default {
  /** @param {Request} request */
  async fetch(request) {
    const again = model.forward(tensor([1, 2, 3, 4], { shape: [1, 4] })).item();
    const early = {
      name: "a model of module level",
      passed: Number.isFinite(atModuleLevel) && again === atModuleLevel && ones([2]).sum().item() === 2,
      detail: `answers ${atModuleLevel} there and ${again} in a request`,
      milliseconds: 0,
    };
    const scope = new URL(request.url).searchParams.get("scope");
    const report = await conform(scope === "short" ? "short" : "all");
    return Response.json({ ...report, checks: [early, ...report.checks] });
  },
};
