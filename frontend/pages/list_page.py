"""What the two list pages share: search, filters, order, paging, and keeping what the reader looks at in place."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from pilito.events import LifecycleEvent, Message, State
from pilito.markup import Html, escape, join
from pilito.page import DomEvent, Page, on, on_lifecycle, on_message
from pilito.painter import Painter
from pilito.ports import Row, TimerHandle
from pilito.router import quote

from pages.live_list import Listing

SEARCH_DELAY: Final = 0.3  # seconds after the last key
PUSH_DELAY: Final = 0.4  # seconds: a busy shop pushes once for each message
PUSH_LONGEST: Final = 3.0  # ... and may never stop
ANSWER_TIMEOUT: Final = 20.0  # seconds: the server itself gives up after ten and says so


@dataclass(frozen=True, slots=True)
class Choice:
    """One filter: its name on the wire, the key of its label, its values with the words for them."""

    name: str
    label: str
    values: Sequence[tuple[str, str]]
    nothing: str = "list.all"  # the key of the words for no choice


class ListPage(Page):
    """Base of the list pages. Subclasses name their frames and write their rows."""

    items_key: ClassVar[str]  # the frame's key with the rows
    filter_names: ClassVar[tuple[str, ...]]
    list_request: ClassVar[str]
    refresh_request: ClassVar[str]
    options_request: ClassVar[str]

    def mount(self) -> None:
        self.listing = Listing(self.items_key, self.filter_names)
        self.listing.from_query(self.query)
        self._options: dict[str, Any] = {}
        self._timers: dict[str, TimerHandle] = {}
        self._news_since: float | None = None
        self._painter = Painter(self.call_later, self._show_rows)
        self._unfolded = False
        self.view.render(self._frame(), keeping=("#rows", "#count", "#pages"))
        self._show_controls()
        self._show_stale()
        if self.connected:
            self._connected({})

    # --- what subclasses write ---

    def row(self, item: Message) -> Row:
        """One row of the list."""
        raise NotImplementedError

    def choices(self, options: dict[str, Any]) -> list[Choice]:
        """The filters that the server offers."""
        raise NotImplementedError

    # --- the connection ---

    @on_lifecycle(LifecycleEvent.CONNECTED)
    def _connected(self, _: dict[str, Any]) -> None:
        """A new socket knows nothing of what the user looks at."""
        self.socket.send(self.options_request)
        self.ask(self.list_request)

    @on_lifecycle(LifecycleEvent.STATE_CHANGED)
    def _state_changed(self, _: dict[str, Any]) -> None:
        self._show_stale()

    def became_visible(self) -> None:
        self.ask(self.refresh_request)

    def ask(self, request: str) -> None:
        """Ask for what the user looks at. Without a connection it is asked once there is one."""
        self._news_since = None
        if self.socket.send(request, filters=self.listing.request()):
            self._later("answer", ANSWER_TIMEOUT, self._not_answered)

    def _not_answered(self) -> None:
        self._cancel("answer")
        self._problem(self.text("list.trouble"))

    def take_list(self, message: Message) -> None:
        """A list frame: the answer, or news that calls for a question."""
        if self.listing.take(message):
            self._cancel("answer")
            self._problem("")
            if self.listing.page > self.listing.pages:  # by an old bookmark, or the list has shrunk
                self.listing.page = self.listing.pages
                self._asked_anew()
        elif "answer" not in self._timers:  # one that is on its way knows the news already
            self._news_came()
        self._painter.soon()

    def _news_came(self) -> None:
        """Ask once the news pause, and now and then where they do not."""
        now = self.context.scheduler.now()
        self._news_since = now if self._news_since is None else self._news_since
        delay = min(PUSH_DELAY, max(0.0, self._news_since + PUSH_LONGEST - now))
        self._later("push", delay, lambda: self.ask(self.list_request))

    def take_options(self, message: Message) -> None:
        options = message.get("options")
        self._options = options if isinstance(options, dict) else {}
        self._show_controls()

    @on_message("error")
    def _server_error(self, message: Message) -> None:
        """Errors never say which request failed; the list in view stays, and the reader may ask again."""
        self._cancel("answer")
        problem = message.get("message") or message.get("error")
        self._problem(self.text("list.problem", problem=str(problem)[:200]))

    # --- the user ---

    @on("input", "#search")
    def _typed(self, event: DomEvent) -> None:
        value = event.value.strip()
        self._later("search", SEARCH_DELAY, lambda: self._choose("search", value))

    @on("submit", "#filters")
    def _submitted(self, event: DomEvent) -> None:
        self._cancel("search")
        self._choose("search", event.form.get("search", "").strip())

    @on("change", "select[data-filter]")
    def _selected(self, event: DomEvent) -> None:
        self._choose(event.data["filter"], event.value)

    @on("change", "input[type=checkbox][data-filter]")
    def _checked(self, event: DomEvent) -> None:
        self._choose(event.data["filter"], "true" if event.checked else "")

    @on("click", "#clear")
    def _clear(self, _: DomEvent) -> None:
        self.listing.filters.clear()
        self.listing.page = 1
        self._cancel("search")
        self.view.set_value("#search", "")
        self._asked_anew()
        self._show_controls()

    @on("click", "#more")
    def _fold(self, _: DomEvent) -> None:
        """On a phone the filters would fill the screen: they are folded away until they are asked for."""
        self._unfolded = not self._unfolded
        self.view.attribute("#more", "aria-expanded", "true" if self._unfolded else "false")

    @on("click", "#refresh")
    def _refresh(self, _: DomEvent) -> None:
        self.ask(self.refresh_request)

    @on("click", "[data-page]")
    def _paged(self, event: DomEvent) -> None:
        self.listing.page = max(1, self.listing.page + (1 if event.data["page"] == "next" else -1))
        self._asked_anew()
        self.view.set_scroll("#rows", 0)

    def _choose(self, name: str, value: str) -> None:
        if self.listing.choose(name, value):
            self._asked_anew()

    def _asked_anew(self) -> None:
        """The address follows what is asked for, so that a reload or a bookmark shows the same."""
        query = "&".join(f"{name}={quote(value)}" for name, value in self.listing.query().items())
        self.context.navigation.replace(f"{self.route}{'?' + query if query else ''}")
        self._show_chosen()
        self.context.fresh("")
        self.ask(self.list_request)

    # --- showing ---

    def _frame(self) -> Html:
        text = self.text
        return Html(
            '<section class="list" aria-labelledby="title"><div class="head">'
            f'<h1 id="title">{escape(text(self.title))}</h1>'
            '<p id="count" class="hint" role="status"></p>'
            f'<button type="button" id="refresh" class="quiet">{escape(text("list.refresh"))}</button></div>'
            '<form id="filters" class="filters" role="search">'
            f'<input id="search" name="search" type="search" dir="auto" aria-label="{escape(text("list.search"))}"'
            f' placeholder="{escape(text("list.search"))}" value="{escape(self.listing.filters.get("search", ""))}">'
            f'<button type="button" id="more" class="more" aria-expanded="false" aria-controls="choices">'
            f'{escape(text("list.filters"))}</button><span id="choices" class="choices"></span>'
            f'<button type="button" id="clear" class="quiet" hidden>{escape(text("list.clear"))}</button></form>'
            '<p id="trouble" class="problem" role="alert"></p>'
            f'<ul id="rows" class="rows" aria-busy="true"><li class="empty">{escape(text("list.loading"))}</li></ul>'
            f'<nav id="pages" class="pages" aria-label="{escape(text("list.pages"))}"></nav></section>'
        )

    def _show_controls(self) -> None:
        self.view.replace("#choices", join(self._control(choice) for choice in self.choices(self._options)))
        self._show_chosen()

    def _show_chosen(self) -> None:
        """Say how many filters are set, also where they are folded away, and offer to clear them."""
        self.view.attribute("#clear", "hidden", None if self.listing.filters else "")
        folded = sum(name != "search" for name in self.listing.filters)
        self.view.text("#more", self.text("list.filters_set", n=folded) if folded else self.text("list.filters"))

    def _control(self, choice: Choice) -> Html:
        chosen, label = self.listing.filters.get(choice.name, ""), escape(self.text(choice.label))
        if choice.name == "unread_only":
            checked = " checked" if chosen else ""
            box = f'<input type="checkbox" id="f-{choice.name}" data-filter="{choice.name}"{checked}>'
            return Html(f'<label class="check">{box} {label}</label>')
        values = list(choice.values)
        if chosen and chosen not in dict(values):
            values.append((chosen, chosen))
        options = "".join(
            f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(words)}</option>'
            for value, words in [("", f"{self.text(choice.label)}: {self.text(choice.nothing)}"), *values]
        )
        return Html(f'<select id="f-{choice.name}" data-filter="{choice.name}" aria-label="{label}">{options}</select>')

    def _show_rows(self) -> None:
        listing = self.listing
        self.view.attribute("#rows", "aria-busy", "false" if listing.loaded else "true")
        self.view.text("#count", self.text(f"{self.items_key}.count", n=listing.count) if listing.loaded else "")
        nothing = Row("empty", Html(f'<li class="empty">{escape(self.text(f"{self.items_key}.empty"))}</li>'))
        self.view.rows("#rows", [self.row(item) for item in listing.rows] or [nothing])
        self.view.replace("#pages", self._pages())
        self._show_stale()
        worth_keeping = listing.loaded and listing.first_look and self.connected
        self.context.fresh(self.route if worth_keeping else "")

    def _pages(self) -> Html:
        listing = self.listing
        if listing.pages <= 1 and listing.page <= 1:
            return Html("")
        back, on_ = listing.page > 1, listing.has_next
        shown = self.text("list.page", page=listing.page, total=listing.pages)
        return Html(
            f"{self._page_button('previous', back)}<span>{escape(shown)}</span>{self._page_button('next', on_)}"
        )

    def _page_button(self, which: str, usable: bool) -> Html:
        disabled = "" if usable else " disabled"
        words = escape(self.text(f"list.{which}"))
        return Html(f'<button type="button" id="page-{which}" data-page="{which}"{disabled}>{words}</button>')

    def offered(self, options: dict[str, Any], name: str, words: str) -> list[tuple[str, str]]:
        """The values that the server offers for a filter, with our words for them where we have some."""
        values = options.get(name)
        return [(str(v), self.text.known(words, v)) for v in values] if isinstance(values, list) else []

    def orders(self, options: dict[str, Any]) -> Choice:
        """The orders that the server offers."""
        found = options.get("order_options")
        rows = [row for row in found if isinstance(row, dict) and "value" in row] if isinstance(found, list) else []
        values = [(str(row["value"]), self.text.known("order", row["value"])) for row in rows]
        return Choice("order_by", "list.order", values, "list.default")

    def unread(self, count: object) -> str:
        """The mark for unread messages, also for people who do not see it; ``""`` for none."""
        if not isinstance(count, int) or isinstance(count, bool) or count <= 0:
            return ""
        said = escape(self.text("conversations.unread", n=count))
        number = f'<span aria-hidden="true">{escape(self.format.number(count))}</span>'
        return f'<span class="unread" title="{said}">{number}<span class="away">{said}</span></span>'

    def _show_stale(self) -> None:
        """While there is no connection the list stays, marked as old, and so does that of an earlier visit."""
        stale = self.socket.info.state is not State.READY or not self.listing.loaded
        self.view.attribute("#rows", "data-stale", "true" if stale else None)

    def _problem(self, words: str) -> None:
        self.view.text("#trouble", words)

    # --- timers by name ---

    def _later(self, name: str, delay: float, call: Any) -> None:
        self._cancel(name)
        self._timers[name] = self.call_later(delay, call)

    def _cancel(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer:
            timer.cancel()


def person(customer: object, unnamed: str) -> str:
    """The name to show for a customer: the parts that are there, else the user name, else ``unnamed``."""
    if not isinstance(customer, dict):
        return unnamed
    parts = [str(customer[name]) for name in ("first_name", "last_name") if customer.get(name)]
    if parts:
        return " ".join(parts)
    return f"@{customer['username']}" if customer.get("username") else unnamed
