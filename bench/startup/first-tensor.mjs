import { pathToFileURL } from "node:url";

const { tensor } = await import(pathToFileURL(String(process.argv[2])).href);
if (tensor([1, 2, 3]).sum().item() !== 6) throw new Error("1 + 2 + 3 is not 6");
