// node modest.mjs PYODIDE: prints what a garbage collection may call in an application that imports two modules.
import { readFileSync } from "node:fs";
import { loadPyodide } from "pyodide";
import { collected } from "../../tools/bundle/split/collected.mjs";

const python = await loadPyodide();
python.runPython("import asyncio, re");
console.log(JSON.stringify(collected(python, readFileSync(`${process.argv[2]}/pyodide.asm.wasm`))));
