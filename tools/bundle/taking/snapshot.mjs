// Runs in the browser that tools/bundle/snapshot.py starts, from the finished build: warms an interpreter up and packs
// its memory. The answer is in window.snapshot: {bytes: base64} or {problem}.
import { fresh, fromArchives } from "/frontend/built/runtime.mjs";
import { pack } from "/frontend/built/snapshot.mjs";

const CAPTURES = 3;
const SIZES = [1 << 20, 1 << 18, 1 << 16, 1 << 14, 1 << 12, 1 << 10, 1 << 8];

class Enough extends Error {}

/** A copy of a fresh instance's memory, as the page finds it before it lays the snapshot over it. */
async function capture() {
  let memory;
  let table;
  const header = new Uint8Array(16);
  await fresh((module) => {
    memory = module.HEAPU8.slice();
    table = module.wasmTable.length;
    throw new Enough();
  }, header).catch((error) => {
    if (!(error instanceof Enough)) throw error;
  });
  return { memory, table };
}

/** Write zeros over what is free: what was there once would be shipped to everybody. */
function scrub(module) {
  const memory = module.HEAPU8;
  memory.fill(0, module._emscripten_stack_get_end(), module._emscripten_stack_get_current() - 1024);
  const top = memory.findLastIndex((byte) => byte !== 0);
  const held = [];
  for (const size of SIZES) {
    for (;;) {
      const at = module._malloc(size);
      if (!at || at + size > top) { module._free(at); break; }
      module.HEAPU8.fill(0, at, at + size);
      held.push(at);
    }
  }
  for (const at of held) module._free(at);
}

async function take() {
  const warmUp = await (await fetch("/taking/warm_up.py")).text();
  const names = await (await fetch("/taking/modules.json")).json();
  const ranges = await (await fetch("/taking/ranges.json")).json();
  const captures = [];
  for (let i = 0; i < CAPTURES; i++) captures.push(await capture());
  const python = await fromArchives("/runtime/stdlib.zip", { _makeSnapshot: true });
  const size = captures[0].memory.length;
  python.runPython(`${warmUp}\nwarm_up(${JSON.stringify(names)})\ndel warm_up`);
  const used = python._module.HEAPU8.findLastIndex((byte) => byte !== 0);
  scrub(python._module);
  const whole = python.makeMemorySnapshot();
  if (python._module.HEAPU8.length !== size) throw new Error(`the heap grew beyond its first ${size} bytes; trim what is imported`);
  if (python._module.wasmTable.length !== captures[0].table) throw new Error("the wasm table grew while it was warmed up");
  const packed = pack(whole, captures.map((found) => found.memory), captures[0].table, ranges);
  let text = "";
  for (let i = 0; i < packed.length; i += 32768) text += String.fromCharCode(...packed.subarray(i, i + 32768));
  return { bytes: btoa(text), heap: size, used };
}

window.snapshot = take().catch((error) => ({ problem: `${error.message}\n${error.stack}` }));
