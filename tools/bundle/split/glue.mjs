// Trims Emscripten's script around the module: most of its length hands every function of the interpreter to extension
// modules, which this build does not have.
const ASSIGN = /([\w$]+)=Module\["([\w$]+)"\]=wasmExports\["([\w$]+)"\](\.value>>>0)?;?/g;
const NAME = /[\w$]+/g;

function counts(text) {
  const found = new Map();
  for (const [name] of text.matchAll(NAME)) found.set(name, (found.get(name) ?? 0) + 1);
  return found;
}

/**
 * Return {text, exported}: the script without the assignments of exports that neither it nor `others` use, and the
 * names that it may still ask for.
 */
export function trim(text, others) {
  const inside = counts(text), outside = counts(others);
  const exported = new Set(), dropped = new Set();
  const body = text.replace(ASSIGN, (all, name, key, from) => {
    const uses = inside.get(name) - 2 - (name === from ? 1 : 0); // beyond this statement, where it stands twice
    if (uses > 1 || outside.has(key)) return all; // beyond its declaration
    dropped.add(name);
    return "";
  });
  // Some are asked for by a name in a string, main among them.
  for (const [, one, two] of body.matchAll(/wasmExports\.([\w$]+)|"([\w$]+)"/g)) exported.add(one ?? two);
  const declared = body.replace(/\bvar ([\w$]+(?:,[\w$]+)+);(?=function assignWasmExports)/, (all, names) =>
    `var ${names.split(",").filter((name) => !dropped.has(name)).join(",")};`);
  return { text: declared, exported };
}
