import { failure, report } from "./report.js";

report()
  .catch(failure)
  .then((result) => console.log(JSON.stringify(result)));
