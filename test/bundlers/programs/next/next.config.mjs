// The headers let a page have threads.
const isolated = [
  { key: "Cross-Origin-Opener-Policy", value: "same-origin" },
  { key: "Cross-Origin-Embedder-Policy", value: "require-corp" },
];

export default {
  serverExternalPackages: ["simdgrad"],
  headers: () => Promise.resolve([{ source: "/(.*)", headers: isolated }]),
  // This project lies inside of another one, which Next.js would take for the whole.
  turbopack: { root: import.meta.dirname },
};
