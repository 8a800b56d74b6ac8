// Every byte that the default entry has.
export * from "simdgrad";
