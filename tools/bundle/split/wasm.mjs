// Reads and writes WebAssembly modules as far as the split needs it: sections, and where in a function's code there are
// numbers that name another function, or an address.
export const SECTIONS = {
  type: 1, import: 2, function: 3, table: 4, memory: 5, global: 6, export: 7, element: 9, code: 10, data: 11, dataCount: 12, tag: 13,
};
/** The order in which sections must come; the numbers do not tell. */
export const ORDER = [0, 1, 2, 3, 4, 5, 13, 6, 7, 9, 12, 10, 11];
export const KIND = { function: 0, table: 1, memory: 2, global: 3, tag: 4 };

const utf8 = new TextDecoder();

export class Reader {
  constructor(bytes, at = 0, end = bytes.length) {
    Object.assign(this, { bytes, at, end });
  }
  byte() { return this.bytes[this.at++]; }
  unsigned() {
    let value = 0, shift = 0, byte;
    do { byte = this.bytes[this.at++]; value += (byte & 127) * 2 ** shift; shift += 7; } while (byte & 128);
    return value;
  }
  /** A signed number of at most 32 bits; of a longer one the low bits. */
  signed() {
    let value = 0, shift = 0, byte;
    do { byte = this.bytes[this.at++]; if (shift < 32) value |= (byte & 127) << shift; shift += 7; } while (byte & 128);
    return shift < 32 && byte & 64 ? value | (-1 << shift) : value;
  }
  take(length) { return this.bytes.subarray(this.at, this.at += length); }
  name() { return utf8.decode(this.take(this.unsigned())); }
  /** The bytes that `read` passes over. */
  over(read) { const from = this.at; read(this); return this.bytes.subarray(from, this.at); }
  list(read) { return Array.from({ length: this.unsigned() }, () => read(this)); }
}

export const unsigned = (value) => {
  const out = [];
  do { const byte = value % 128; value = Math.floor(value / 128); out.push(value ? byte | 128 : byte); } while (value);
  return out;
};

export const signed = (value) => {
  const out = [];
  for (;;) {
    const byte = value & 127;
    value >>= 7;
    if ((value === 0 && !(byte & 64)) || (value === -1 && byte & 64)) return [...out, byte];
    out.push(byte | 128);
  }
};

export const text = (value) => { const bytes = [...new TextEncoder().encode(value)]; return [...unsigned(bytes.length), ...bytes]; };

export function join(parts) {
  const all = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) { all.set(part, at); at += part.length; }
  return all;
}

export const list = (parts) => join([unsigned(parts.length), ...parts]);
export const sized = (bytes) => join([unsigned(bytes.length), bytes]);

/** A whole module of its sections' contents, by number; of 0 a list of custom sections. */
export function write(sections) {
  const parts = [[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]];
  for (const number of ORDER) {
    for (const content of number ? [sections[number] ?? []] : sections[0] ?? []) {
      if (content.length) parts.push([number], sized(content));
    }
  }
  return join(parts);
}

const limits = (reader) => { const flags = reader.byte(); reader.unsigned(); if (flags & 1) reader.unsigned(); };
const tableType = (reader) => { reader.byte(); limits(reader); };

function importEntry(reader) {
  const module = reader.name(), field = reader.name(), kind = reader.byte();
  const about = reader.over(() => {
    if (kind === KIND.function) reader.unsigned();
    else if (kind === KIND.table) tableType(reader);
    else if (kind === KIND.memory) limits(reader);
    else if (kind === KIND.global) reader.at += 2;
    else { reader.byte(); reader.unsigned(); }
  });
  return { module, field, kind, about };
}

/** One constant instruction and its end. */
function constant(reader) {
  const op = reader.byte();
  let value;
  if (op === 0x41 || op === 0x42) value = reader.signed();
  else if (op === 0x23 || op === 0xd2) value = reader.unsigned();
  else if (op === 0xd0) reader.signed();
  else if (op === 0x44 || op === 0x43) reader.at += op === 0x44 ? 8 : 4;
  else throw new Error(`a constant begins with the instruction 0x${op.toString(16)}`);
  if (reader.byte() !== 0x0b) throw new Error("a constant has more than one instruction");
  return { op, value };
}

const functionType = (reader) => {
  if (reader.byte() !== 0x60) throw new Error("a type is not a function's");
  return { parameters: reader.take(reader.unsigned()), results: reader.take(reader.unsigned()) };
};

/** The module taken apart. Stops at what Pyodide's has not: several kinds of segments, a start function. */
export function read(bytes) {
  const raw = { 0: [] };
  const reader = new Reader(bytes, 8);
  while (reader.at < reader.end) {
    const number = reader.byte(), content = reader.take(reader.unsigned());
    if (number === 0) raw[0].push(content);
    else if (!ORDER.includes(number)) throw new Error(`section ${number} is not expected`);
    else raw[number] = content;
  }
  const of = (number, one) => (raw[number] ? new Reader(raw[number]).list(one) : []);
  return {
    raw,
    types: of(SECTIONS.type, functionType),
    imports: of(SECTIONS.import, importEntry),
    functions: of(SECTIONS.function, (from) => from.unsigned()),
    tables: of(SECTIONS.table, (from) => from.over(tableType)),
    memories: of(SECTIONS.memory, (from) => from.over(limits)),
    tags: of(SECTIONS.tag, (from) => from.over(() => { from.byte(); from.unsigned(); })),
    globals: of(SECTIONS.global, (from) => from.over(() => { from.at += 2; constant(from); })),
    exports: of(SECTIONS.export, (from) => ({ name: from.name(), kind: from.byte(), index: from.unsigned() })),
    elements: of(SECTIONS.element, (from) => {
      if (from.unsigned() !== 0) throw new Error("an element segment is not of the first table");
      return { at: constant(from).value, functions: from.list(() => from.unsigned()) };
    }),
    code: of(SECTIONS.code, (from) => from.take(from.unsigned())),
    data: of(SECTIONS.data, (from) => {
      if (from.unsigned() !== 0) throw new Error("a data segment is not active");
      return { at: constant(from).value, bytes: from.take(from.unsigned()) };
    }),
  };
}
