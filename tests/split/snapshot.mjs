// Packs a made-up snapshot and lays it over instances that differ from the captured ones. Prints what came of each as JSON.
import { apply, Misfit, pack, unpack } from "../../frontend/built/snapshot.mjs";

const SIZE = 7 << 20;
const WORDS = 16; // of a block
const CLOCK = 40_000 * WORDS + WORDS - 1; // the last word of its block
const TABLE = 9;

const memory = (changes) => {
  const words = new Uint32Array(SIZE / 4);
  for (const [at, value] of Object.entries({ 5: 77, ...changes })) words[at] = value;
  return new Uint8Array(words.buffer);
};
const fresh = [100, 200, 300].map((now) => memory({ [CLOCK]: now }));
const warm = memory({ [CLOCK]: 400, 1_000: 1, 1_500_000: 2 });
const whole = new Uint8Array(16 + SIZE);
new Uint32Array(whole.buffer, 0, 2).set([1, 16]);
whole.set(warm, 16);
const snapshot = unpack(pack(whole, fresh, TABLE, []));

const outcome = (changes, table = TABLE) => {
  const module = { HEAPU8: memory(changes), wasmTable: { length: table } };
  try {
    apply(snapshot, module);
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    return "misfit";
  }
  return Buffer.compare(module.HEAPU8, warm) === 0 ? "warm" : "neither";
};

console.log(JSON.stringify({
  "another time": outcome({ [CLOCK]: 500 }),
  "a time that goes on in the next block": outcome({ [CLOCK]: 600, [CLOCK + 1]: 1 }),
  "another address": outcome({ [CLOCK]: 500, 5: 78 }),
  "another table": outcome({ [CLOCK]: 500 }, TABLE + 1),
}));
