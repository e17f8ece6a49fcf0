// A memory snapshot, kept as the runs in which the memory of a warm interpreter differs from that of a fresh one.
//
// Layout, little-endian: u32 magic, u32 bytes of JSON, the JSON padded to 16, then per run u32 start and u32 length
// (both in blocks), then the blocks. The JSON: {table, memory, sum, runs, header}; header is Pyodide's own, as base64.
const MAGIC = 0x504c5431;
const BLOCK = 64; // bytes
const WORDS = BLOCK / 4;
const SUMMED = 6 << 20; // bytes from 0: the wasm module's own data, where its addresses and table entries are

export class Misfit extends Error {}

const padded = (length) => Math.ceil(length / 16) * 16;
const words = (bytes) => new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2);

/** Sum the words of `memory` up to SUMMED, without the blocks whose indices are in the sorted array `without`. */
function sum(memory, without) {
  const all = words(memory);
  let total = 0;
  let next = 0;
  for (let block = 0; block * BLOCK < SUMMED; block++) {
    if (without[next] === block) { next++; continue; }
    for (let i = block * WORDS, end = i + WORDS; i < end; i++) total = (Math.imul(total, 31) + all[i]) | 0;
  }
  return total;
}

/**
 * Pack Pyodide's snapshot `whole` against captures of fresh instances made with a table of `table` entries. What lies in
 * one of `ranges`, pairs of addresses, comes with the rest of the runtime, even if that was fetched meanwhile.
 */
export function pack(whole, fresh, table, ranges) {
  const offset = words(whole)[1];
  const warm = words(whole.subarray(offset));
  const cold = fresh.map(words);
  const blocks = Math.ceil(warm.length / WORDS);
  const differs = (one, other, block) => {
    for (let i = block * WORDS, end = i + WORDS; i < end; i++) if (one[i] !== other[i]) return true;
    return false;
  };
  const restless = new Set();
  for (let block = 0; block < blocks; block++) {
    if (!cold.some((other) => differs(other, cold[0], block))) continue;
    // A clock's value may go on behind the border of a block, where one start in a thousand differs from the others.
    for (const each of [block - 1, block, block + 1]) if (each >= 0 && each < blocks) restless.add(each);
  }
  const unstable = [...restless].filter((block) => block * BLOCK < SUMMED).sort((one, other) => one - other);
  const runs = [];
  for (let block = 0; block < blocks; block++) {
    const known = !restless.has(block) && !differs(warm, cold[0], block);
    if (known || ranges.some(([from, to]) => block * BLOCK >= from && (block + 1) * BLOCK <= to)) continue;
    const last = runs.at(-1);
    if (last && last[0] + last[1] === block) last[1]++;
    else runs.push([block, 1]);
  }
  const header = btoa(String.fromCharCode(...whole.subarray(0, offset)));
  const about = { table, memory: fresh[0].length, sum: sum(fresh[0], unstable), unstable, runs: runs.length, header };
  const text = new TextEncoder().encode(JSON.stringify(about));
  const start = padded(8 + text.length);
  const held = runs.reduce((total, run) => total + run[1], 0);
  const packed = new Uint8Array(start + runs.length * 8 + held * BLOCK);
  words(packed).set([MAGIC, text.length]);
  packed.set(text, 8);
  words(packed).set(runs.flat(), start / 4);
  let at = start + runs.length * 8;
  for (const [block, length] of runs) {
    packed.set(whole.subarray(offset + block * BLOCK, offset + (block + length) * BLOCK), at);
    at += length * BLOCK;
  }
  return packed;
}

/** Read a packed snapshot: `header` is what Pyodide takes as its `_loadSnapshot`. Throws when it is none. */
export function unpack(packed) {
  const [magic, length] = words(packed.subarray(0, 8));
  if (magic !== MAGIC) throw new Misfit("the snapshot file is damaged");
  const about = JSON.parse(new TextDecoder().decode(packed.subarray(8, 8 + length)));
  const start = padded(8 + length);
  const runs = words(packed.subarray(start, start + about.runs * 8));
  const header = Uint8Array.from(atob(about.header), (letter) => letter.charCodeAt(0));
  return { ...about, header, runs, blocks: packed.subarray(start + about.runs * 8) };
}

/** Lay the snapshot over a fresh instance's memory. Throws Misfit where another engine has laid that out otherwise. */
export function apply(snapshot, module) {
  const memory = module.HEAPU8;
  const table = module.wasmTable?.length ?? snapshot.table;
  if (memory.length !== snapshot.memory || table !== snapshot.table) {
    throw new Misfit(`the snapshot is another engine's (table ${table} for ${snapshot.table})`);
  }
  if (sum(memory, snapshot.unstable) !== snapshot.sum) throw new Misfit("the snapshot is another engine's (data)");
  let at = 0;
  for (let i = 0; i < snapshot.runs.length; i += 2) {
    const length = snapshot.runs[i + 1] * BLOCK;
    memory.set(snapshot.blocks.subarray(at, at + length), snapshot.runs[i] * BLOCK);
    at += length;
  }
}
