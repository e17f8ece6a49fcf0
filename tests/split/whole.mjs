// node whole.mjs FOLDER: starts Pyodide from the two parts in FOLDER, collects garbage, and uses what only the rest has.
import { readFileSync } from "node:fs";
import { loadPyodide } from "pyodide";
import { pageScript } from "./connect.mjs";

const folder = process.argv[2];
const { withRest, fetched } = await pageScript(readFileSync(`${folder}/pyodide.rest.wasm`));
const { default: create } = await import(`${folder}/pyodide.asm.mjs`);
const python = await loadPyodide({ indexURL: folder, createPyodideModule: withRest(create) });
python.runPython(`
import asyncio, gc, re

class Knot: pass

for odd in (TimeoutError("late"), AttributeError("none"), enumerate([]), re.match("a", "a"), asyncio.Event()):
    knot = Knot()
    knot.held = [odd, knot]
    gc.collect()
del knot, odd
gc.collect()
`);
const collected = fetched();
python.runPython(`
import bz2, decimal, hashlib, lzma, unicodedata, xml.etree.ElementTree, zlib, zoneinfo

assert unicodedata.name("A") == "LATIN CAPITAL LETTER A"
assert unicodedata.normalize("NFD", "\\u00e9") == "e\\u0301"
assert unicodedata.lookup("ARABIC LETTER FARSI YEH") == "\\u06cc"
for codec in ("euc_jp", "shift_jis", "gb18030", "big5", "euc_kr", "iso2022_jp", "hz"):
    assert "\\u6c34\\u5c71".encode(codec).decode(codec) == "\\u6c34\\u5c71", codec
assert decimal.Decimal("1.1") * 3 == decimal.Decimal("3.3")
for packer in (bz2, lzma, zlib):
    assert packer.decompress(packer.compress(b"pilito" * 100)) == b"pilito" * 100
assert hashlib.sha256(b"").hexdigest().startswith("e3b0c442") and hashlib.md5(b"").hexdigest().startswith("d41d8cd9")
assert xml.etree.ElementTree.fromstring("<a><b/></a>")[0].tag == "b"
assert 3**200 % 1000003 == pow(3, 200, 1000003)
`);
console.log(JSON.stringify({ collected, fetched: fetched() }));
