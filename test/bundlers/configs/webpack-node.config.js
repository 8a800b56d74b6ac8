export default { mode: "production", entry: "./main.js", target: "node", output: { filename: "main.cjs" } };
