// Nothing is needed for the library; the headers let a page have threads, here while developing.
const isolated = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

export default { server: { headers: isolated } };
