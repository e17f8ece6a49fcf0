// Connects two parts of a module with the page's own script; only the request is another.
import { readFileSync } from "node:fs";

const script = readFileSync(new URL("../../frontend/built/rest.mjs", import.meta.url), "utf8");

/**
 * `withRest` of the page, whose request is answered with `rest`. `fetched` tells how often it was made, `said` what the page
 * has said to the console. */
export async function pageScript(rest) {
  let times = 0;
  globalThis.XMLHttpRequest = class {
    status = 200;
    open() {}
    overrideMimeType() {}
    send() { times++; this.responseText = Buffer.from(rest).toString("latin1"); }
  };
  const said = [];
  console.info = (line) => said.push(line);
  const { withRest } = await import(`data:text/javascript,${encodeURIComponent(script)}`);
  return { withRest, fetched: () => times, said };
}

export async function connect({ first, rest }, given) {
  const { withRest, fetched, said } = await pageScript(rest);
  const settings = {
    instantiateWasm: (imports, receive) => receive(new WebAssembly.Instance(new WebAssembly.Module(first), imports)),
  };
  let made;
  withRest(({ instantiateWasm }) => instantiateWasm(given, (instance) => { made = instance; }))(settings);
  return { exports: made.exports, fetched, said };
}
