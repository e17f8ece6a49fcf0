// Compiles Pyodide's standard library inside Pyodide itself, so that a browser need not: build/stdlib.zip.
// Stored, not deflated: nothing is inflated in wasm, and HTTP compression does better on it.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { loadPyodide } from "pyodide";

const source = readFileSync(new URL("./compile_stdlib.py", import.meta.url), "utf8");
const pyodide = await loadPyodide();
try {
  pyodide.runPython(source);
  const bytes = pyodide.runPython("rewrite(stdlib_path())").toJs();
  mkdirSync("build", { recursive: true });
  writeFileSync("build/stdlib.zip", bytes);
} catch (error) {
  console.error(error.message); // and not the whole minified source around it
  process.exit(1);
}
