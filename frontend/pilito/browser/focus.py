"""The keyboard focus while markup is exchanged around it."""

from typing import Any, Final

import js
from pyodide.ffi import to_js

_KEEP_STILL: Final = {"preventScroll": True}


class Focus:
    """What had the focus inside an element, by its id, or by its address where a link has none."""

    def __init__(self, root: Any) -> None:
        focused = js.document.activeElement
        self._root = root
        self._selector = ""
        self._caret: Any = None
        if not focused or focused == root or not root.contains(focused):
            return
        if focused.id:
            self._selector = f"#{js.CSS.escape(focused.id)}"
            self._caret = focused.selectionStart if hasattr(focused, "selectionStart") else None
        elif focused.hasAttribute("href"):
            self._selector = f'a[href="{js.CSS.escape(focused.getAttribute("href"))}"]'

    def again(self) -> None:
        """Give the focus, and the caret, to what is there in its place."""
        found = self._root.querySelector(self._selector) if self._selector else None
        if not found or found == js.document.activeElement:
            return
        found.focus(to_js(_KEEP_STILL, dict_converter=js.Object.fromEntries))
        if isinstance(self._caret, int) and hasattr(found, "setSelectionRange"):
            found.setSelectionRange(self._caret, self._caret)
