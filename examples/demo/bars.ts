import { CLASSES } from "../mnist/digits.ts";

/** Ten bars, one a digit. */
export class Bars {
  readonly #list: HTMLElement;
  readonly #rows: { row: HTMLElement; value: HTMLElement }[];

  constructor(list: HTMLElement) {
    this.#list = list;
    this.#rows = Array.from({ length: CLASSES }, (_, digit) => {
      const row = document.createElement("li");
      const name = document.createElement("span");
      name.className = "name";
      name.textContent = String(digit);
      const track = document.createElement("span");
      track.className = "track";
      const value = document.createElement("span");
      value.className = "value";
      row.append(name, track, value);
      list.append(row);
      return { row, value };
    });
    this.show(null);
  }

  /** Probabilities of the ten digits, or null for no answer. */
  show(probabilities: Float32Array | null): void {
    const best = probabilities === null ? -1 : bestOf(probabilities);
    this.#list.classList.toggle("empty", probabilities === null);
    this.#rows.forEach(({ row, value }, digit) => {
      const share = probabilities?.[digit] ?? 0;
      row.style.setProperty("--share", share.toFixed(4));
      row.classList.toggle("best", digit === best);
      value.textContent = probabilities === null ? "" : percent(share);
    });
  }
}

/** The digit with the highest probability. */
export const bestOf = (probabilities: Float32Array): number =>
  probabilities.indexOf(Math.max(...probabilities));

/** Cut and not rounded up: 99.96 % is not 100 %. */
export const percent = (share: number): string => `${(Math.floor(share * 1000) / 10).toFixed(1)} %`;
