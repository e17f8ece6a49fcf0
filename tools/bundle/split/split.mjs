// Splits a module in two: what the application was seen to use, and the rest, which is fetched when it is called first.
//
// The first part has a small function in place of each that was left out, if anything could still call it: it sees that
// the rest is there and goes on in it, through a table of the first part. When the rest is made it puts its functions
// into that table and into the module's own. Indices of types, tables, tags and globals are the same in both.
import { KIND, Reader, SECTIONS, join, list, read, signed, sized, text, unsigned, write } from "./wasm.mjs";
import { isConstant, namesFunction, walk } from "./code.mjs";

const FUNCREF = 0x70;
const OURS = "pilito";

const entry = (name, kind, index) => [...text(name), kind, ...unsigned(index)];
const imported = (field, kind, about) => [...text(OURS), ...text(field), kind, ...about];
const segment = (at, functions) => [0, 0x41, ...signed(at), 0x0b, ...list(functions.map(unsigned))];
const laterSegment = (table, at, functions) =>
  [2, ...unsigned(table), 0x41, ...signed(at), 0x0b, 0, ...list(functions.map(unsigned))];
const datum = ({ at, bytes }) => join([[0, 0x41, ...signed(at), 0x0b], sized(bytes)]);

/** `body` with the functions that it names renumbered. */
function renumbered(body, number) {
  const parts = [];
  let done = 0;
  walk(body, (op, at, value, end) => {
    if (!namesFunction(op)) return;
    parts.push(body.subarray(done, at + 1), unsigned(number(value)));
    done = end;
  });
  return join([...parts, body.subarray(done)]);
}

/** Each function's constants that lie in one of `ranges` and are not among `numbers`, which are known to be no address. */
function addresses(body, ranges, numbers) {
  const found = [];
  walk(body, (op, _, value) => {
    if (isConstant(op) && !numbers.includes(value) && ranges.some(([from, to]) => value >= from && value < to)) found.push(value);
  });
  return found;
}

/** The data outside of `ranges` and inside. */
function parted(data, ranges) {
  const parts = { first: [], rest: [] };
  for (const { at, bytes } of data) {
    const end = at + bytes.length;
    const cuts = [at, ...ranges.flat().filter((cut) => cut > at && cut < end), end];
    for (let i = 1; i < cuts.length; i++) {
      const inside = ranges.some(([from, to]) => cuts[i - 1] >= from && cuts[i - 1] < to);
      parts[inside ? "rest" : "first"].push({ at: cuts[i - 1], bytes: bytes.subarray(cuts[i - 1] - at, cuts[i] - at) });
    }
  }
  return parts;
}

/**
 * Split `bytes`. `used` tells of a function, by its place in the code, whether it stays; `exported` of a name whether it
 * does; `ranges` are addresses of constant data that only the rest reads. Returns {first, rest, names, order}: the names
 * of the exports that were left out, and what each function of the first part is in `bytes`, null for what is new.
 */
export function split(bytes, { used, exported, ranges, numbers }) {
  const module = read(bytes), { raw, types, functions, code } = module;
  const foreign = module.imports.filter(({ kind }) => kind === KIND.function).length;
  const tables = module.tables.length;
  const stays = (index) => index < foreign || used(index - foreign);
  const all = functions.map((_, i) => i + foreign);
  const calls = new Map(); // of each function that others name: from which part
  const note = (index, part) => calls.set(index, (calls.get(index) ?? 0) | part);
  for (const index of all) {
    const body = code[index - foreign], part = stays(index) ? 1 : 2;
    walk(body, (op, _, value) => { if (namesFunction(op)) note(value, part); });
    const named = part === 1 ? addresses(body, ranges, numbers) : [];
    if (named.length) throw new Error(`function ${index - foreign} stays and names data of the rest: ${named}`);
  }
  const exports = module.exports.filter(({ name, kind }) => kind !== KIND.function && kind !== KIND.global || exported(name));
  for (const { kind, index } of exports) if (kind === KIND.function) note(index, 1);
  const entries = module.elements[0];
  for (const index of entries.functions) note(index, 1);

  const staying = all.filter(stays);
  const stubbed = all.filter((index) => !stays(index) && calls.get(index) & 1);
  const shared = staying.filter((index) => calls.get(index) & 2);
  const left = all.filter((index) => !stays(index));
  const place = (list, from) => new Map(list.map((index, i) => [index, from + i]));
  const inFirst = place([...staying, ...stubbed], foreign + 1); // the import of what fetches the rest comes first
  const inRest = place([...shared, ...left], foreign);
  const number = (places) => (index) => index < foreign ? index : places.get(index);
  const slot = place(stubbed, shared.length);

  const nothing = types.findIndex((type) => !type.parameters.length && !type.results.length);
  const see = foreign + 1 + staying.length + stubbed.length; // the function that sees that the rest is there
  const stub = (index) => {
    const type = functions[index - foreign];
    const given = Array.from(types[type].parameters, (_, i) => [0x20, ...unsigned(i)]);
    return sized([0, 0x10, ...unsigned(see), ...given.flat(), 0x41, ...signed(slot.get(index)), 0x11, ...unsigned(type), ...unsigned(tables), 0x0b]);
  };
  const seeing = shared.length
    ? [0, 0x41, ...signed(shared.length), 0x25, ...unsigned(tables), 0xd1, 0x04, 0x40, 0x10, ...unsigned(foreign), 0x0b, 0x0b]
    : [0, 0x0b];
  const size = shared.length + stubbed.length;
  const globals = module.imports.filter(({ kind }) => kind === KIND.global).length;
  const changing = module.globals.filter((global) => global[1] === 1);
  if (module.globals.slice(0, changing.length).some((global) => global[1] !== 1)) throw new Error("variables do not come first");
  const given = module.imports.map(({ module: from, field, kind, about }) => [...text(from), ...text(field), kind, ...about]);
  const type = (index) => unsigned(functions[index - foreign]);
  const data = parted(module.data, ranges);

  const first = write({
    ...raw,
    [SECTIONS.import]: list([...given, imported("fetch", KIND.function, unsigned(nothing))]),
    [SECTIONS.function]: list([...staying.map(type), ...stubbed.map(type), unsigned(nothing)]),
    [SECTIONS.table]: list([...module.tables, [FUNCREF, 0, ...unsigned(size)]]),
    [SECTIONS.export]: list([
      ...exports.map(({ name, kind, index }) => entry(name, kind, kind === KIND.function ? number(inFirst)(index) : index)),
      ...module.tables.map((_, i) => entry(`${OURS}:table${i}`, KIND.table, i)),
      entry(`${OURS}:functions`, KIND.table, tables),
      ...changing.map((_, i) => entry(`${OURS}:global${i}`, KIND.global, globals + i)),
      ...module.tags.map((_, i) => entry(`${OURS}:tag${i}`, KIND.tag, i)),
    ]),
    [SECTIONS.element]: list([segment(entries.at, entries.functions.map(number(inFirst))), laterSegment(tables, 0, shared.map(number(inFirst)))]),
    [SECTIONS.code]: list([
      ...staying.map((index) => sized(renumbered(code[index - foreign], number(inFirst)))), ...stubbed.map(stub), sized(seeing),
    ]),
    [SECTIONS.data]: list(data.first.map(datum)),
    [SECTIONS.dataCount]: unsigned(data.first.length),
  });

  const later = []; // runs of the module's own table that the rest fills
  entries.functions.forEach((index, i) => {
    if (stays(index)) return;
    const run = later.at(-1);
    if (run && run.at + run.functions.length === entries.at + i) run.functions.push(index);
    else later.push({ at: entries.at + i, functions: [index] });
  });
  const rest = write({
    [SECTIONS.type]: raw[SECTIONS.type],
    [SECTIONS.import]: list([
      ...given,
      ...shared.map((index, i) => imported(`function${i}`, KIND.function, type(index))),
      ...module.tables.map((table, i) => imported(`table${i}`, KIND.table, table)),
      imported("functions", KIND.table, [FUNCREF, 0, ...unsigned(size)]),
      ...module.memories.map((memory) => imported("memory", KIND.memory, memory)),
      ...changing.map((global, i) => imported(`global${i}`, KIND.global, global.subarray(0, 2))),
      ...module.tags.map((tag, i) => imported(`tag${i}`, KIND.tag, tag)),
    ]),
    [SECTIONS.function]: list(left.map(type)),
    [SECTIONS.global]: list(module.globals.slice(changing.length)),
    [SECTIONS.element]: list([
      ...later.map(({ at, functions: run }) => segment(at, run.map(number(inRest)))),
      laterSegment(tables, shared.length, stubbed.map(number(inRest))),
    ]),
    [SECTIONS.code]: list(left.map((index) => sized(renumbered(code[index - foreign], number(inRest))))),
    [SECTIONS.data]: list(data.rest.map(datum)),
    [SECTIONS.dataCount]: unsigned(data.rest.length),
  });
  const names = module.exports.filter((one) => !exports.includes(one)).map(({ name }) => name);
  const order = [...Array(foreign).keys(), null, ...staying, ...stubbed, null];
  return { first, rest, names, order };
}
