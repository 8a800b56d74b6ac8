"use client";
import { useEffect } from "react";
import { tensor } from "simdgrad";
import { failure, report } from "../report.js";

export default function Page() {
  useEffect(() => {
    report()
      .catch(failure)
      .then((result) => {
        globalThis.result = result;
      });
  }, []);
  // The server computes it, too.
  return <p>{tensor([1, 2, 3]).sum().item()}</p>;
}
