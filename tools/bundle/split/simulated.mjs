// node simulated.mjs FOLDER SOURCES.zip SEEDS: runs the simulated world inside a Pyodide that notes what it uses, and prints
// the notes as base64, a bit for each. FOLDER has that Pyodide, SOURCES the application. A browser test takes the way that
// most starts take; here the application meets what is rare: every order of events, and values of every kind.
// Needs a Node whose modules may have two memories (22 or newer).
import { readFileSync } from "node:fs";
import { loadPyodide } from "pyodide";
import { BLOCKS, NOTES } from "./instrument.mjs";

const [folder, sources, seeds] = process.argv.slice(2);
const root = new URL("../../../", import.meta.url).pathname;
const { default: create } = await import(`${folder}/pyodide.asm.mjs`);
let notes;
const noting = (settings) => {
  const instantiate = settings.instantiateWasm;
  settings.instantiateWasm = (given, receive) => instantiate(given, (instance, module) => {
    notes = new Uint8Array(instance.exports[NOTES].buffer, 0, 2 * BLOCKS);
    receive(instance, module);
  });
  return create(settings);
};
const python = await loadPyodide({ indexURL: folder, createPyodideModule: noting, stdout: console.error });
python.mountNodeFS("/project", root);
python.unpackArchive(new Uint8Array(readFileSync(sources)), "zip", { extractDir: "/app" });
python.runPython(`
import gc, json, os, random, sys

sys.path[:0] = ["/app", "/project"]
os.chdir("/project")
from simulator.batch import run_range

def drawn(draw):
    number = draw.random() * 10 ** draw.randrange(-12, 13)
    letters = (34, 92, 97, 0xe9, 0x633, 0x1f600)
    text = "".join(map(chr, draw.choices(letters, k=draw.randrange(40))))
    return {text: [number, -number, round(number, 3), int(number * 1e6), text, None, True]}

run_range(0, 1)
values = [drawn(random.Random(seed)) for seed in range(20_000)]
gc.collect()
`);
notes.fill(0); // what importing and drawing have used is their own affair
python.runPython(`
batch = run_range(0, ${Number(seeds)})
for value in values:
    if not json.loads(json.dumps(value)) == json.loads(json.dumps(value, ensure_ascii=False)) == value:
        raise ValueError(f"not the same after a round trip: {value}")
`);
const failed = python.runPython("str(batch) if batch.failures else ''");
if (failed) throw new Error(`the simulated world fails inside Pyodide: ${failed}`);
const bits = new Uint8Array(notes.length / 8);
notes.forEach((noted, i) => { bits[i >> 3] |= noted << (i & 7); });
console.log(Buffer.from(bits).toString("base64"));
