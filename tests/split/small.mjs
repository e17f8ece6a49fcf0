// A small module, put together by hand, split and run: prints what it answers before and after the rest was fetched.
import { KIND, SECTIONS, list, sized, text, unsigned, write } from "../../tools/bundle/split/wasm.mjs";
import { split } from "../../tools/bundle/split/split.mjs";
import { connect } from "./connect.mjs";

const I32 = 0x7f, END = 0x0b;
const entry = (name, kind, index) => [...text(name), kind, index];
const body = (...code) => sized([0, ...code, END]);
// 0 is imported: say(i32). 1 hot(x): x + 1. 2 cold(x): hot(x) * 10, says it, counts. 3 through(i): the table's entry i of 7.
// 4 direct(x): cold(x). 5 reads the data at 2000. 6 counted.
const bytes = write({
  [SECTIONS.type]: list([[0x60, 1, I32, 1, I32], [0x60, 1, I32, 0], [0x60, 0, 1, I32], [0x60, 0, 0]]),
  [SECTIONS.import]: list([[...text("env"), ...text("say"), KIND.function, 1]]),
  [SECTIONS.function]: list([[0], [0], [0], [0], [2], [2]]),
  [SECTIONS.table]: list([[0x70, 0, 4]]),
  [SECTIONS.memory]: list([[0, 1]]),
  [SECTIONS.global]: list([[I32, 1, 0x41, 0, END], [I32, 0, 0x41, 5, END]]),
  [SECTIONS.export]: list([
    entry("memory", KIND.memory, 0), entry("direct", KIND.function, 4), entry("through", KIND.function, 3),
    entry("read", KIND.function, 5), entry("counted", KIND.function, 6), entry("unasked", KIND.function, 2),
  ]),
  [SECTIONS.element]: list([[0, 0x41, 1, END, ...list([[1], [2], [5]])]]),
  [SECTIONS.dataCount]: unsigned(2),
  [SECTIONS.code]: list([
    body(0x20, 0, 0x41, 1, 0x6a),
    body(0x23, 0, 0x23, 1, 0x6a, 0x24, 0, 0x20, 0, 0x10, 1, 0x41, 10, 0x6c, 0x10, 0, 0x20, 0, 0x10, 1, 0x41, 10, 0x6c),
    body(0x41, 7, 0x20, 0, 0x11, 0, 0),
    body(0x20, 0, 0x10, 2),
    body(0x41, ...[0xd0, 0x0f], 0x28, 2, 0),
    body(0x23, 0),
  ]),
  [SECTIONS.data]: list([[0, 0x41, ...[0x80, 0x08], END, ...sized([9])], [0, 0x41, ...[0xcc, 0x0f], END, ...sized([1, 1, 1, 1, 42, 0, 0, 0])]]),
});
const parts = split(bytes, {
  used: (index) => ![1, 4].includes(index), // not cold, not the reader of the data
  exported: (name) => name !== "unasked",
  ranges: [[2000, 2004]],
  numbers: [],
});
const said = [];
const { exports, fetched, said: lines } = await connect(parts, { env: { say: (value) => said.push(value) } });
const memory = () => new Uint32Array(exports.memory.buffer, 2000, 1)[0];
const answers = { missing: "unasked" in exports, hot: exports.through(1), before: [fetched(), memory()] };
answers.cold = exports.direct(4);
answers.after = [fetched(), memory()];
answers.again = [exports.direct(1), exports.through(2), exports.through(1), exports.read(), exports.counted()];
const callers = lines.map((line) => line.match(/[\d ]+$/)[0].trim().split(" ").map((number) => parts.order[number]));
console.log(JSON.stringify({ ...answers, fetched: fetched(), said, callers, names: parts.names }));
