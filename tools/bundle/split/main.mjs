// node main.mjs PYODIDE OUT COLLECTED.json CALLER...: write the two parts of Pyodide's module and the trimmed script into
// the folder OUT, and for callers.mjs which function of the whole module each of the first part is. COLLECTED tells what a
// garbage collection may call (collected.mjs).
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { trim } from "./glue.mjs";
import { split } from "./split.mjs";

const [pyodide, out, places, ...callers] = process.argv.slice(2);
const text = (path) => readFileSync(path, "utf8");
const bytes = readFileSync(`${pyodide}/pyodide.asm.wasm`);
const profile = JSON.parse(text(new URL("./used.json", import.meta.url)));
try {
  if (createHash("sha256").update(bytes).digest("hex") !== profile.wasm) {
    throw new Error("tools/bundle/split/used.json is of another Pyodide. Renew it: python -m tools.bundle.split.profile");
  }
  const functions = Buffer.from(profile.functions, "base64"), collected = new Set(JSON.parse(text(places)));
  const glue = trim(text(`${pyodide}/pyodide.asm.mjs`), callers.map(text).join("\n"));
  const { first, rest, order } = split(bytes, {
    used: (index) => collected.has(index) || ((functions[index >> 3] ?? 0) >> (index & 7)) & 1,
    exported: (name) => glue.exported.has(name),
    ranges: profile.ranges,
    numbers: profile.numbers,
  });
  writeFileSync(`${out}/pyodide.asm.mjs`, glue.text);
  writeFileSync(`${out}/pyodide.asm.wasm`, first);
  writeFileSync(`${out}/pyodide.rest.wasm`, rest);
  writeFileSync(`${out}/order.json`, JSON.stringify(order));
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
