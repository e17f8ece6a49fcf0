// The runtime comes in two parts (tools/bundle/split): what the app was seen to use, and the rest. When a function of the
// rest is called first it is fetched while everything waits: wasm cannot wait for a promise there.
const REST = "/runtime/pyodide/pyodide.rest.wasm";
const OURS = "pilito:";

function fetchNow(url) {
  const request = new XMLHttpRequest();
  request.open("GET", url, false);
  request.overrideMimeType("text/plain; charset=x-user-defined"); // a letter for each byte; waiting, one may ask for no other
  request.send();
  if (request.status !== 200) throw new Error(`${url} was answered with ${request.status}`);
  return Uint8Array.from(request.responseText, (letter) => letter.charCodeAt(0) & 255);
}

/** Make the rest. It puts its functions into the tables of the first part, which was made with `given`. */
function complete(exports, given) {
  const shared = { memory: exports.memory };
  for (const name of Object.keys(exports)) if (name.startsWith(OURS)) shared[name.slice(OURS.length)] = exports[name];
  for (let i = 0, found; (found = shared.functions.get(i)); i++) shared[`function${i}`] = found;
  new WebAssembly.Instance(new WebAssembly.Module(fetchNow(REST)), { ...given, pilito: shared });
  console.info("Pilito has fetched the rest of the runtime");
}

/** Pyodide's `create`, with the first part connected to the rest. */
export const withRest = (create) => (settings) => {
  const instantiate = settings.instantiateWasm;
  settings.instantiateWasm = (given, receive) => {
    let exports;
    given.pilito = { fetch: () => complete(exports, given) };
    return instantiate(given, (instance, module) => {
      exports = instance.exports;
      receive(instance, module);
    });
  };
  return create(settings);
};
