/** Pixels along the edge of a digit. */
export const SIDE = 28;
export const AREA = SIDE * SIDE;
export const CLASSES = 10;
