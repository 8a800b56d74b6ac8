/** A line of CHANGELOG.md for a change: its words, and nothing that only git knows. */
module.exports = {
  getReleaseLine: async ({ summary }) => {
    const [first, ...rest] = summary.trim().split("\n");
    return [`- ${first}`, ...rest.map((line) => (line ? `  ${line}` : line))].join("\n");
  },
  getDependencyReleaseLine: async () => "",
};
