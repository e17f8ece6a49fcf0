"""The document: our markup goes in as one string for each update, lists are patched by key."""

from collections.abc import Sequence
from typing import Any, Final

import js

from pilito.browser.focus import Focus
from pilito.browser.proxies import Proxies
from pilito.browser.rows import RowList
from pilito.markup import Html
from pilito.ports import DomEvent, Handler, Row, ScrollPosition, Undo

_PAINTED: Final = "data-painted"


class _Trusted:
    """Turns our markup into what the browser takes: a ``TrustedHTML`` where the policy demands one."""

    def __init__(self) -> None:
        types = getattr(js, "trustedTypes", None)
        rules = js.Object.fromEntries([["createHTML", js.String]])  # String(s) is s: no Python function is called
        self._policy = types.createPolicy("pilito", rules) if types else None

    def __call__(self, html: Html) -> Any:
        return self._policy.createHTML(html) if self._policy else html


class BrowserView:
    """``View`` over one element."""

    def __init__(self, root: Any, trusted: _Trusted) -> None:
        self._root = root
        self._trusted = trusted
        self._proxies = Proxies()
        self._handlers: dict[str, list[tuple[str, Handler]]] = {}
        self._lists: dict[str, RowList] = {}

    # --- writing ---

    def render(self, html: Html, *, keeping: Sequence[str] = ()) -> None:
        self._forget_rows()
        focus = Focus(self._root)
        painted = self._painted(keeping)
        self._root.innerHTML = self._trusted(html)
        for selector, nodes in painted.items():
            self._find(selector).replaceChildren(*nodes)
        focus.again()

    def replace(self, selector: str, html: Html) -> None:
        target = self._find(selector)
        if target is None:
            return
        focus = Focus(target)
        target.innerHTML = self._trusted(html)
        focus.again()

    def rows(self, selector: str, rows: Sequence[Row]) -> None:
        found = self._list(selector)
        if found is None:
            target = self._find(selector)
            if target is None:
                return
            found = self._lists[selector] = RowList(target, self._trusted)
            focus = Focus(target)  # on a row that was painted before Python was there
            found.patch(rows)
            focus.again()
            return
        found.patch(rows)

    def row(self, selector: str, row: Row) -> None:
        found = self._list(selector)
        if found is not None:
            found.patch_one(row)

    def text(self, selector: str, text: str) -> None:
        target = self._find(selector)
        if target is not None and target.textContent != text:
            target.textContent = text

    def attribute(self, selector: str, name: str, value: str | None) -> None:
        target = self._find(selector)
        if target is None:
            return
        if value is None:
            target.removeAttribute(name)
        elif target.getAttribute(name) != value:
            target.setAttribute(name, value)

    def set_value(self, selector: str, value: str) -> None:
        target = self._find(selector)
        if target is not None and target.value != value:
            target.value = value

    def focus(self, selector: str) -> None:
        target = self._find(selector)
        if target is not None:
            target.focus()

    def set_scroll(self, selector: str, top: float) -> None:
        found = self._list(selector)
        target = self._find(selector)
        if found is not None and target is not None:
            found.scroll_to(top)
        elif target is not None:
            target.scrollTop = top

    # --- reading ---

    @property
    def painted(self) -> bool:
        """Whether plain script has painted this part, and nothing else has been shown since."""
        return bool(self._root.hasAttribute(_PAINTED))

    def picture(self) -> str:
        return str(js.window.pilitoPicture(self._root))

    def value(self, selector: str) -> str:
        target = self._find(selector)
        return str(target.value) if target is not None and hasattr(target, "value") else ""

    def scroll(self, selector: str) -> ScrollPosition:
        target = self._find(selector)
        if target is None:
            return ScrollPosition(0, 0, 0)
        return ScrollPosition(target.scrollTop, target.scrollHeight, target.clientHeight)

    # --- listening ---

    def listen(self, event: str, selector: str, handler: Handler) -> Undo:
        if event not in self._handlers:
            self._handlers[event] = []
            # Captured, because some events (focus, scroll, toggle, load errors) do not bubble.
            self._proxies.listen(self._root, event, self._dispatch, capture=True)
        entry = (selector, handler)
        self._handlers[event].append(entry)
        return lambda: self._drop(event, entry)

    def clear(self) -> None:
        self._handlers.clear()
        self._proxies.release()
        self._forget_rows()
        self._root.replaceChildren()

    def _drop(self, event: str, entry: tuple[str, Handler]) -> None:
        entries = self._handlers.get(event, [])
        if entry in entries:
            entries.remove(entry)

    def _dispatch(self, event: Any) -> None:
        target = event.target
        if event.type == "submit":
            event.preventDefault()
        if not hasattr(target, "closest"):
            return
        for selector, handler in tuple(self._handlers.get(event.type, ())):
            matched = target.closest(selector)
            if matched and self._root.contains(matched) and handler(_describe(event, matched)) is True:
                event.preventDefault()

    def _find(self, selector: str) -> Any:
        return self._root.querySelector(selector) or None

    def _painted(self, selectors: Sequence[str]) -> dict[str, list[Any]]:
        """The nodes that plain script has painted inside elements; from now on this part is ours."""
        if not self.painted:
            return {}
        self._root.removeAttribute(_PAINTED)
        found = {selector: self._find(selector) for selector in selectors}
        return {selector: list(element.childNodes) for selector, element in found.items() if element is not None}

    def _list(self, selector: str) -> RowList | None:
        """The list of an element that is still in the document."""
        found = self._lists.get(selector)
        if found is not None and not found.attached:
            self._lists.pop(selector).release()
            return None
        return found

    def _forget_rows(self) -> None:
        while self._lists:
            self._lists.popitem()[1].release()


class BrowserDocument:
    """``Document``: the shell, the page, and the attributes of ``<html>``."""

    def __init__(self) -> None:
        trusted = _Trusted()
        self._root = js.document.documentElement
        self._shell = BrowserView(js.document.getElementById("shell"), trusted)
        self._page = BrowserView(js.document.getElementById("page"), trusted)

    @property
    def shell(self) -> BrowserView:
        return self._shell

    @property
    def page(self) -> BrowserView:
        return self._page

    @property
    def painted(self) -> bool:
        return self._shell.painted

    def focus_page(self) -> None:
        js.document.getElementById("page").focus()

    def set_state(self, state: str) -> None:
        self._root.setAttribute("data-app", state)

    def set_title(self, title: str) -> None:
        js.document.title = title

    def set_language(self, language: str, direction: str) -> None:
        self._root.lang, self._root.dir = language, direction

    def set_theme(self, theme: str) -> None:
        if theme in ("light", "dark"):
            self._root.setAttribute("data-theme", theme)
        else:
            self._root.removeAttribute("data-theme")


def _describe(event: Any, matched: Any) -> DomEvent:
    names = [str(name) for name in matched.getAttributeNames() if name.startswith("data-")]
    form: dict[str, str] = {}
    if event.type == "submit":
        values = js.Object.fromEntries(js.FormData.new(event.target)).to_py()
        form = {str(name): str(value) for name, value in values.items()}
    return DomEvent(
        event.type,
        data={name.removeprefix("data-"): str(matched.getAttribute(name)) for name in names},
        value=_text(getattr(matched, "value", "")),
        checked=bool(getattr(matched, "checked", False)),
        key=_text(getattr(event, "key", "")),
        shift=bool(getattr(event, "shiftKey", False)),
        ctrl=bool(getattr(event, "ctrlKey", False) or getattr(event, "metaKey", False)),
        composing=bool(getattr(event, "isComposing", False)),
        form=form,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
