// node tools/bundle/split/callers.mjs NUMBER...: what the functions are that a page of the last build has named on its
// console when it called the rest, innermost first. A module tells the names of what it exports only; of any other
// function it says between which of these its source has it.
import { readFileSync } from "node:fs";
import { KIND, read } from "./wasm.mjs";

const file = (path) => readFileSync(new URL(`../../../${path}`, import.meta.url));
const order = JSON.parse(file("build/bundle/order.json"));
const { exports } = read(file("node_modules/pyodide/pyodide.asm.wasm"));
const known = exports.filter(({ kind }) => kind === KIND.function).sort((one, other) => one.index - other.index);

for (const number of process.argv.slice(2)) {
  const index = order[number] ?? -1;
  const before = known.findLast((each) => each.index <= index), after = known.find((each) => each.index >= index);
  const name = before?.index === index ? before.name : `between ${before?.name} and ${after?.name}`;
  console.log(number, index < 0 ? "what the splitting added" : name);
}
