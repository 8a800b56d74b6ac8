import { failure, report } from "./report.js";
import { train } from "./train.js";

// At the top of the module, where a worker that serves loads its model.
const losses = train();

export default {
  async fetch() {
    const result = await report().catch(failure);
    return Response.json({ ...result, losses });
  },
};
