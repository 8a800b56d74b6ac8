/** The package's own types are its sources, which are not written for checks as strict as ours. */
export function compress(data: Uint8Array, mode: number): Int8Array<ArrayBuffer>;
