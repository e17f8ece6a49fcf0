// Which functions a garbage collection may call: those of every type that there is once the application is imported.
// When one comes, and over which objects, is chance: runs that note what is used do not see all of them.
import { KIND, read } from "./wasm.mjs";

/** Where a type object of CPython 3.14 has its functions, in bytes: tp_traverse, tp_clear, tp_is_gc, tp_finalize. */
const SLOTS = [92, 96, 164, 196];
const TYPES = `
import gc

def types():
    found, left = {}, [object, *(each for each in gc.get_objects() if isinstance(each, type))]
    while left:
        each = left.pop()
        if id(each) not in found:
            found[id(each)] = each
            left += type.__subclasses__(each)
    return [*found]

types()
`;

/** The places in the code of the module `bytes`, which `pyodide` runs; `pyodide` has imported the application. */
export function collected(pyodide, bytes) {
  const { imports, elements: [{ at, functions }] } = read(bytes);
  const foreign = imports.filter(({ kind }) => kind === KIND.function).length;
  const proxy = pyodide.runPython(TYPES), types = proxy.toJs(), words = pyodide._module.HEAPU32;
  proxy.destroy();
  const entries = types.flatMap((type) => SLOTS.map((slot) => words[(type + slot) >> 2] - at));
  const places = entries.filter((entry) => entry in functions).map((entry) => functions[entry] - foreign);
  return [...new Set(places)].filter((place) => place >= 0).sort((a, b) => a - b);
}
