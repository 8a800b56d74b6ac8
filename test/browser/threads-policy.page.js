/* global document, location, Worker, postMessage */
// In the page, or in a worker of its own with ?worker; ?own=<address> starts threads from there.
const query = new URLSearchParams(location.search);

if (query.has("worker") && "document" in globalThis) {
  query.delete("worker");
  const worker = new Worker(`threads-policy.page.js?${query}`, { type: "module" });
  worker.onmessage = ({ data }) => show(data);
  worker.onerror = ({ message }) => show({ error: `the worker failed: ${message}` });
} else {
  void trained().then((outcome) => {
    if ("document" in globalThis) show(outcome);
    else postMessage(outcome);
  });
}

/**
 * As the title, which can be read where the policy allows no evaluation.
 * @param {unknown} outcome
 */
function show(outcome) {
  document.title = JSON.stringify(outcome);
}

async function trained() {
  const { backendInfo, crossEntropy, init, manualSeed, nn, optim, randint, randn } = await import(
    query.get("entry") ?? "/dist/browser/index.js"
  );
  const train = () => {
    manualSeed(1);
    const model = new nn.Sequential(new nn.Linear(64, 128), new nn.ReLU(), new nn.Linear(128, 8));
    const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
    return Array.from({ length: 3 }, () => {
      optimizer.zeroGrad();
      const loss = crossEntropy(model.forward(randn([128, 64])), randint(0, 8, [128]));
      loss.backward();
      optimizer.step();
      return loss.item();
    });
  };
  const alone = train();
  const own = query.get("own");
  let error = null;
  try {
    await init({ threads: 2, ...(own ? { worker: () => new Worker(own, { type: "module" }) } : {}) });
  } catch (thrown) {
    error = String(thrown);
  }
  const { threads, threadsReason } = backendInfo();
  return { alone, shared: train(), threads, threadsReason, error };
}
