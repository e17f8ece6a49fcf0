// PyScript's interpreter in the build. It starts when it is evaluated, beside PyScript's core, and is handed over alive.
import { fromArchives, fromSnapshot, version } from "/frontend/built/runtime.mjs";
import { keepRest } from "/frontend/built/rest.mjs";

export { version };

const REST_AFTER = 3000; // milliseconds that the app has for its own first requests

const WAYS = [
  ["the memory snapshot", fromSnapshot],
  ["the compiled standard library", () => fromArchives("/runtime/stdlib.zip")],
  ["the stock standard library", () => fromArchives("/runtime/pyodide/python_stdlib.zip")],
];

async function start() {
  const ways = new URLSearchParams(location.search).has("nosnap") ? WAYS.slice(1) : WAYS;
  const problems = [];
  for (const [name, way] of ways) {
    try {
      const python = await way();
      document.documentElement.dataset.boot = name;
      console.info(`Pilito starts from ${name}${problems.length ? ` (${problems.join("; ")})` : ""}`);
      return python;
    } catch (error) {
      problems.push(`not from ${name}: ${error?.message ?? error}`);
    }
  }
  throw new Error(`Python could not be started: ${problems.join("; ")}`);
}

const started = start();
started.then(() => setTimeout(keepRest, REST_AFTER), () => {}); // PyScript awaits it below, or never comes so far; boot.js hears of it either way

/** Hand over the interpreter that is already starting, with its output where PyScript wants it. */
export async function loadPyodide({ stdout, stderr }) {
  const python = await started.catch((error) => {
    window.pilitoBootFailed(error.message);
    throw error;
  });
  if (stdout) python.setStdout({ batched: stdout });
  if (stderr) python.setStderr({ batched: stderr });
  return python;
}
