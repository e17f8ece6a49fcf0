// Compiles the archive of the app's sources, and of the standard library what the app uses, inside Pyodide:
// node compile.mjs PYODIDE SOURCES.zip APP.zip STDLIB.zip MODULES.json COLLECTED.json
import { readFileSync, writeFileSync } from "node:fs";
import { loadPyodide } from "pyodide";
import { collected } from "./split/collected.mjs";

const [folder, sources, app, stdlib, modules, places] = process.argv.slice(2);
const read = (name) => readFileSync(new URL(name, import.meta.url), "utf8");
const pyodide = await loadPyodide();
try {
  pyodide.FS.writeFile("/tmp/sources.zip", readFileSync(sources));
  pyodide.runPython(read("./used_modules.py"));
  pyodide.unpackArchive(new Uint8Array(readFileSync(sources)), "zip", { extractDir: "/app" });
  const names = pyodide.runPython(`import json; json.dumps(import_application("/app"))`);
  writeFileSync(modules, names);
  writeFileSync(places, JSON.stringify(collected(pyodide, readFileSync(`${folder}/pyodide.asm.wasm`))));
  pyodide.runPython(read("../compile_stdlib.py"));
  writeFileSync(app, pyodide.runPython(`rewrite("/tmp/sources.zip", lambda name: True)`).toJs());
  writeFileSync(stdlib, pyodide.runPython("rewrite(stdlib_path(), used)").toJs());
} catch (error) {
  console.error(error.message); // and not the whole minified source around it
  process.exit(1);
}
