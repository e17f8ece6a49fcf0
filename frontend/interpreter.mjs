// What PyScript starts: Pyodide with its standard library compiled ahead (or the stock one, where that was not built).
import { loadPyodide as load, version } from "/runtime/pyodide/pyodide.mjs";

export { version };
export const loadPyodide = (options) =>
  load({ ...options, indexURL: "/runtime/pyodide/", stdLibURL: "/runtime/stdlib.zip" });
