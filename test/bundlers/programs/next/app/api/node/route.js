import { failure, report } from "../../../report.js";

export const dynamic = "force-dynamic";

export const GET = async () => Response.json(await report().catch(failure));
