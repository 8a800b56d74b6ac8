import { failure, report } from "./report.js";

report()
  .catch(failure)
  .then((result) => {
    globalThis.result = result;
    globalThis.document.title = JSON.stringify(result);
  });
