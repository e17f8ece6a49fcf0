// The runtime comes in two parts (tools/bundle/split): what the app was seen to use, and the rest. The rest comes
// when the app has started. A function of it that is called before is fetched while everything waits: wasm cannot wait for
// a promise there.
const REST = "/runtime/pyodide/pyodide.rest.wasm";
const OURS = "pilito:";
let kept; // the rest, compiled, where it has come before it was called

/** Fetch the rest while nobody waits for it. Without it a first call would block the page, and offline end Python. */
export function keepRest() {
  WebAssembly.compileStreaming(fetch(REST)).then(
    (module) => { kept = module; },
    () => addEventListener("online", keepRest, { once: true }),
  );
}

function fetchNow(url) {
  const request = new XMLHttpRequest();
  request.open("GET", url, false);
  request.overrideMimeType("text/plain; charset=x-user-defined"); // a letter for each byte; waiting, one may ask for no other
  request.send();
  if (request.status !== 200) throw new Error(`${url} was answered with ${request.status}`);
  return Uint8Array.from(request.responseText, (letter) => letter.charCodeAt(0) & 255);
}

/** The functions of the first part that have led here, innermost first; tools/bundle/split/callers.mjs knows them. */
function callers() {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 30;
  const { stack } = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  return Array.from(stack.matchAll(/wasm-function\[(\d+)\]/g), ([, number]) => number).join(" ");
}

/** Make the rest. It puts its functions into the tables of the first part, which was made with `given`. */
function complete(exports, given) {
  const shared = { memory: exports.memory };
  for (const name of Object.keys(exports)) if (name.startsWith(OURS)) shared[name.slice(OURS.length)] = exports[name];
  for (let i = 0, found; (found = shared.functions.get(i)); i++) shared[`function${i}`] = found;
  const way = kept ? "called" : "waited for", from = callers();
  new WebAssembly.Instance(kept ?? new WebAssembly.Module(fetchNow(REST)), { ...given, pilito: shared });
  console.info(`Pilito has ${way} the rest of the runtime, from ${from}`);
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
