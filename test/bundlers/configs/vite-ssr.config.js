// Takes the dependencies into the bundle, as hosts without node_modules want it.
export default { ssr: { noExternal: true } };
