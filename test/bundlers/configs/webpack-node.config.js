export default { mode: "production", entry: "./main.js", target: "node" };
