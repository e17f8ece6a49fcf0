// Writes the module again so that it notes which of its functions run and which of its data they read.
import { SECTIONS, KIND, Reader, join, list, read, signed, sized, text, unsigned, write } from "./wasm.mjs";
import { isLoad, walk } from "./code.mjs";

/** Where the notes lie in the memory that is exported as NOTES: a byte for each function, then one for each block. */
export const NOTES = "pilito:notes", BLOCKS = 1 << 16, BLOCK_BITS = 6;
const PAGES = 1200; // a byte for each block of 4 GB, and those of the functions

const mark = (offset) => [0x41, 1, 0x3a, 64, 1, ...unsigned(offset)]; // i32.store8 of 1 to the second memory

/** `body` with a note at its begin and one at each load. `copy` is the function to call for a memory.copy. */
function noting(body, number, parameters, copy) {
  const reader = new Reader(body), groups = [];
  let locals = parameters;
  for (let left = reader.unsigned(); left--;) {
    const from = reader.at, count = reader.unsigned();
    reader.byte();
    locals += count;
    groups.push(body.subarray(from, reader.at));
  }
  const local = unsigned(locals), parts = [list([...groups, [1, 0x7f]]), [0x41, 0], mark(number)];
  let done = reader.at;
  walk(body, (op, at, value, end) => {
    const copies = op === 0xfc && body[at + 1] === 10;
    if (!isLoad(op) && !copies) return;
    parts.push(body.subarray(done, at));
    done = copies ? end : at;
    if (copies) { parts.push([0x10, ...unsigned(copy)]); return; }
    const about = new Reader(body, at + 1);
    about.unsigned();
    const offset = about.unsigned() | 0;
    parts.push([0x22, ...local, 0x20, ...local, 0x41, ...signed(offset), 0x6a, 0x41, BLOCK_BITS, 0x76, ...mark(BLOCKS)]);
  });
  return join([...parts, body.subarray(done)]);
}

/** memory.copy that notes what it reads: of (to, from, length). */
const COPY = [
  1, 1, 0x7f, // one local: where it is
  0x20, 1, 0x21, 3,
  0x02, 0x40, 0x03, 0x40, // until `from` + `length` is reached
  0x20, 3, 0x20, 1, 0x20, 2, 0x6a, 0x4f, 0x0d, 1,
  0x20, 3, 0x41, BLOCK_BITS, 0x76, ...mark(BLOCKS),
  0x20, 3, 0x41, ...signed(1 << BLOCK_BITS), 0x6a, 0x21, 3,
  0x0c, 0, 0x0b, 0x0b,
  0x20, 0, 0x20, 1, 0x20, 2, 0xfc, 10, 0, 0, 0x0b,
];

export function instrument(bytes) {
  const module = read(bytes), { raw, types, functions, code } = module;
  const copy = module.imports.filter((entry) => entry.kind === KIND.function).length + functions.length;
  const bodies = code.map((body, i) => sized(noting(body, i, types[functions[i]].parameters.length, copy)));
  const rewritten = {
    ...raw,
    [SECTIONS.type]: list([...listed(raw[SECTIONS.type], types.length), [0x60, 3, 0x7f, 0x7f, 0x7f, 0]]),
    [SECTIONS.function]: list([...functions, types.length].map(unsigned)),
    [SECTIONS.memory]: list([...module.memories, [0, ...unsigned(PAGES)]]),
    [SECTIONS.export]: list([
      ...module.exports.map(({ name, kind, index }) => [...text(name), kind, ...unsigned(index)]),
      [...text(NOTES), KIND.memory, 1],
    ]),
    [SECTIONS.code]: list([...bodies, sized(new Uint8Array(COPY))]),
  };
  return write(rewritten);
}

/** The entries of a section of types, one by one. */
function listed(section, count) {
  const reader = new Reader(section);
  reader.unsigned();
  return Array.from({ length: count }, () => reader.over(() => {
    reader.byte();
    reader.take(reader.unsigned());
    reader.take(reader.unsigned());
  }));
}
