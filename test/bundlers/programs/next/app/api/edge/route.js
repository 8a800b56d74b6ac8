import { failure, report } from "../../../report.js";

export const runtime = "edge";

export const GET = async () => Response.json(await report().catch(failure));
