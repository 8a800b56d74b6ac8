import { backendInfo, init, ones, type BackendInfo } from "simdgrad";

/** Asks for two threads, in strict mode; whether the host must have them, whoever reads the report knows. */
export async function askForThreads(): Promise<BackendInfo> {
  const info = await init({ deterministic: true, threads: 2 });
  if (info.threads === 1 && info.threadsReason === "") throw new Error("one thread, and no reason why");
  const x = ones([300_000]);
  const sum = x.add(x).sum().item();
  x.dispose();
  if (sum !== 600_000) throw new Error(`300,000 · (1 + 1) gave ${sum}`);
  return info;
}

export async function ended(): Promise<string> {
  const { threads } = await init({ threads: 1 });
  if (threads !== 1) throw new Error(`there are still ${threads} threads`);
  return backendInfo().threadsReason;
}
