// The three ways to a Python interpreter in the build: from the snapshot, from the compiled standard library, from the
// stock one. tools/bundle takes the snapshot with the same options as the page that loads it.
import createModule from "/runtime/pyodide/pyodide.asm.mjs";
import { loadPyodide, version } from "/runtime/pyodide/pyodide.mjs";
import lock from "/runtime/lock.mjs";
import { withRest } from "/frontend/built/rest.mjs";
import { apply, unpack } from "/frontend/built/snapshot.mjs";

export { version };

const create = withRest(createModule);
const SEED = "import random; random.seed()";

const bytes = async (url) => {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} was answered with ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
};

/** Load Pyodide with what every way has in common. `stdLibURL` is a promise of the archive's bytes. */
export const load = (options) =>
  loadPyodide({ indexURL: "/assets/", packageBaseUrl: "/assets/", lockFileContents: lock, createPyodideModule: create, ...options });

/** Make an instance's memory and do no more: `seen` gets the module before any Python has run. */
export const fresh = (seen, header) =>
  load({
    stdLibURL: Promise.resolve(new Uint8Array()),
    _loadSnapshot: header,
    createPyodideModule: async (settings) => {
      const module = await create(settings);
      seen(module);
      return module;
    },
  });

/** Start from the snapshot. Random numbers, which it froze, are set anew; the hash seed cannot be, nor can `time.timezone`. */
export async function fromSnapshot() {
  const snapshot = unpack(await bytes("/snapshot.bin"));
  const python = await fresh((module) => apply(snapshot, module), snapshot.header);
  python.runPython(SEED);
  return python;
}

/** Start from an archive of the standard library, with the app's own archive on the path. */
export async function fromArchives(stdlib, options = {}) {
  const app = bytes("/app.zip");
  app.catch(() => {}); // awaited below, and said there
  const python = await load({ stdLibURL: bytes(stdlib), ...options });
  python.FS.writeFile("/lib/application.zip", await app);
  // Imported here, because an archive that is damaged must be found out while there is another way, or a page to say so.
  python.runPython("import sys; sys.path.insert(0, '/lib/application.zip'); import pilito.browser");
  return python;
}
