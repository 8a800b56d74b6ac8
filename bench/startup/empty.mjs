// What a process takes that does nothing.
import { done } from "./done.mjs";

done();
