/** Numbers as people read them. */
export const count = (n: number): string => n.toLocaleString("en-US");

/** Two decimals, cut and not rounded up: 9,999.9 of 10,000 is not 100 %. */
export const percent = (part: number, whole: number): string =>
  `${(Math.floor((part / whole) * 10_000 + 1e-9) / 100).toFixed(2)} %`;

/** 75 → "1 min 15 s". */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export const bytes = (n: number): string =>
  n < 1e6 ? `${(n / 1e3).toFixed(1)} kB` : `${(n / 1e6).toFixed(1)} MB`;

export const plural = (n: number, one: string): string => `${count(n)} ${n === 1 ? one : `${one}s`}`;
