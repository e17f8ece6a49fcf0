"""What the build changes in Pyodide's loader: exact replacements, each made once, or the build stops.

They let the page hand over what it already has: the wasm module that its first script compiles, and the archive of the
standard library as a promise of bytes, so that starting from a snapshot downloads neither twice nor in vain.
"""

from typing import Final

from tools.steps import fail

LOADER: Final = (
    ('let{binary:t,response:n}=_(e+"pyodide.asm.wasm"),i=K();', "let t=globalThis.pilitoWasm,n,i=K();"),
    ("let{instance:d,module:u}=l;r(d,u)", "let d=l,u=await t;r(d,u)"),
    ("function he(e){let t=j(e);", "function he(e){let t=e;"),
)


def patched(text: str) -> str:
    """Return the loader with its replacements."""
    for before, after in LOADER:
        if text.count(before) != 1:
            fail("build", f"Pyodide's loader no longer holds {before!r}; see tools/bundle/patches.py")
        text = text.replace(before, after)
    return text.replace("//# sourceMappingURL=pyodide.mjs.map", "")
