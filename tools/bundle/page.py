"""The build's ``index.html``, made from the one of the sources."""

import html
import json
import re
from typing import Final

from tools.bundle.parts import Parts
from tools.steps import ROOT, fail

MODULES: Final = (
    "/frontend/hooks.js",
    "/frontend/built/interpreter.mjs",
    "/frontend/built/runtime.mjs",
    "/frontend/built/snapshot.mjs",
    "/frontend/built/rest.mjs",
    "/runtime/lock.mjs",
    "/runtime/pyodide/pyodide.mjs",
    "/runtime/pyodide/pyodide.asm.mjs",
)
FETCHED: Final = ("/snapshot.bin",)
WASM: Final = "/runtime/pyodide/pyodide.asm.wasm"  # no hint: the first script compiles it while it arrives
DROPPED: Final = re.compile(r'^ *<(?:link rel="(?:stylesheet|modulepreload|preload)"|script src="/frontend/).*\n', re.M)
SCRIPT: Final = re.compile(r'<script type="py" .*</script>')


def index(parts: Parts, backend: str) -> str:
    """Return the page: every download hinted at in its head, configuration and first Python lines inside."""
    text = (ROOT / "index.html").read_text(encoding="utf-8")
    text, dropped = DROPPED.subn("", text)
    text, scripts = SCRIPT.subn(lambda _: _python(), text)
    before, start, after = text.partition('    <script type="module" src="/frontend/start.js">')
    if not dropped or scripts != 1 or not start:
        fail("build", "index.html no longer has the lines that tools/bundle/page.py looks for")
    pyscript = sorted(address for address in parts.sources if address.startswith("/runtime/pyscript/"))
    lines = [
        '<meta name="pilito-build" content="">',
        '<link rel="stylesheet" href="/frontend/styles/all.css">',
        '<script src="/frontend/boot.js"></script>',
        *(f'<link rel="modulepreload" href="{address}">' for address in (*pyscript, *MODULES)),
        *(f'<link rel="preload" href="{address}" as="fetch" crossorigin>' for address in FETCHED),
    ]
    text = before + "".join(f"    {line}\n" for line in lines) + start + after
    meta = '<meta name="pilito-backend" content="'
    text = text.replace(f'{meta}"', f'{meta}{html.escape(backend, quote=True)}"')
    fetched = [parts.name(address) for address in (*pyscript, *MODULES, *FETCHED, WASM)]
    sizes = {name: len(parts.named[name]) for name in fetched}
    text = text.replace('"pilito-bytes" content=""', f'"pilito-bytes" content="{html.escape(json.dumps(sizes))}"')
    return parts.resolve(text)


def _python() -> str:
    """The script element with what the page would otherwise have to fetch: the configuration and ``main.py``."""
    config = json.loads((ROOT / "frontend" / "pyscript.json").read_text())
    del config["files"]
    config["interpreter"] = "/frontend/built/interpreter.mjs"
    main = (ROOT / "frontend" / "main.py").read_text()
    return f'<script type="py" config="{html.escape(json.dumps(config), quote=True)}">\n{main}</script>'
