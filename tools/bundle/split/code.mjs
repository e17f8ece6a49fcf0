// Walks through the instructions of a function.
import { Reader } from "./wasm.mjs";

const CALL = 0x10, RETURN_CALL = 0x12, REF_FUNC = 0xd2, CONSTANT = 0x41;

const none = () => {};
const one = (reader) => reader.unsigned();
const two = (reader) => { reader.unsigned(); reader.unsigned(); };
const block = (reader) => reader.signed();
const memory = (reader) => { if (reader.unsigned() & 64) reader.unsigned(); reader.unsigned(); };
const many = (reader) => { for (let left = reader.unsigned(); left--;) reader.unsigned(); };

const SIMPLE = new Array(256).fill(null);
const set = (ops, read) => { for (const op of ops) SIMPLE[op] = read; };
const range = (first, last) => Array.from({ length: last - first + 1 }, (_, i) => first + i);
set([0x00, 0x01, 0x05, 0x0a, 0x0b, 0x0f, 0x19, 0x1a, 0x1b, 0xd1, ...range(0x45, 0xc4)], none);
set([0x02, 0x03, 0x04, 0x06, 0xd0], block);
set([0x07, 0x08, 0x09, 0x0c, 0x0d, 0x18, ...range(0x20, 0x26), CALL, RETURN_CALL, REF_FUNC, 0x3f, 0x40], one);
set([0x11, 0x13], two);
set([CONSTANT, 0x42], (reader) => reader.signed());
set([0x43], (reader) => { reader.at += 4; });
set([0x44], (reader) => { reader.at += 8; });
set([0x1c], many);
set(range(0x28, 0x3e), memory);
set([0x0e], (reader) => { many(reader); reader.unsigned(); });
set([0x1f], (reader) => {
  block(reader);
  for (let left = reader.unsigned(); left--;) (reader.byte() < 2 ? two : one)(reader);
});
set([0xfc], (reader) => {
  const op = reader.unsigned();
  if (op > 17) throw new Error(`the instruction 0xfc ${op} is not known`);
  if ([8, 10, 12, 14].includes(op)) two(reader);
  else if (op > 7) one(reader);
});

/**
 * Call `seen(op, at, value)` for each instruction of `body`, a function's locals and code: `at` is where it begins, `value`
 * its number if it names a function or is a constant of 32 bits. Returns where the code begins.
 */
export function walk(body, seen) {
  const reader = new Reader(body);
  for (let left = reader.unsigned(); left--;) { reader.unsigned(); reader.byte(); }
  const begin = reader.at;
  while (reader.at < reader.end) {
    const at = reader.at, op = reader.byte(), read = SIMPLE[op];
    if (!read) throw new Error(`the instruction 0x${op.toString(16)} is not known`);
    const value = read(reader);
    seen(op, at, value, reader.at);
  }
  return begin;
}

export const namesFunction = (op) => op === CALL || op === RETURN_CALL || op === REF_FUNC;
export const isConstant = (op) => op === CONSTANT;
export const isLoad = (op) => op >= 0x28 && op <= 0x35;
