export const nextCells = {};
export const openNext = async (_) => {};
