"""The conversations: newest activity first, with search, filters and paging."""

from typing import Any

from pilito.events import Message
from pilito.markup import Html, escape
from pilito.page import DomEvent, on, on_message
from pilito.ports import Row
from pilito.router import quote

from pages.list_page import Choice, ListPage, person

EXCERPT = 160  # characters of the last message in a row


class ConversationsPage(ListPage):
    """``/conversations``"""

    route = "/conversations"
    endpoint = "/ws/conversations/"
    title = "conversations.title"
    items_key = "conversations"
    filter_names = ("search", "status", "source", "priority", "tags", "unread_only", "order_by")
    list_request = "get_conversations"
    refresh_request = "refresh_conversations"
    options_request = "get_conversation_filter_options"

    @on_message("conversations_list")
    def _list(self, message: Message) -> None:
        self.take_list(message)

    @on_message("conversation_filter_options")
    def _offered(self, message: Message) -> None:
        self.take_options(message)

    @on("keydown", "#rows a")
    def _arrow(self, event: DomEvent) -> bool:
        """Up and down walk through the rows."""
        step = {"ArrowDown": 1, "ArrowUp": -1}.get(event.key)
        ids = [str(row["id"]) for row in self.listing.rows]
        if step is None or event.data.get("id") not in ids:
            return False
        position = ids.index(event.data["id"]) + step
        if 0 <= position < len(ids):
            self.view.focus(f'#rows a[data-id="{ids[position]}"]')
        return True

    def choices(self, options: dict[str, Any]) -> list[Choice]:
        text = self.text

        def offered(name: str, words: str) -> list[tuple[str, str]]:
            values = options.get(name)
            return [(str(v), text.known(words, v)) for v in values] if isinstance(values, list) else []

        orders = [
            (str(option["value"]), text.known("order", option["value"]))
            for option in options.get("order_options") or []
            if isinstance(option, dict) and "value" in option
        ]
        return [
            Choice("status", "list.status", offered("statuses", "status")),
            Choice("source", "list.source", offered("sources", "source")),
            Choice("priority", "list.priority", offered("priorities", "priority")),
            Choice("tags", "list.tag", offered("tags", "tag")),
            Choice("order_by", "list.order", orders, "list.default"),
            Choice("unread_only", "list.unread_only", ()),
        ]

    def row(self, item: Message) -> Row:
        text, identity = self.text, str(item["id"])
        name = person(item.get("customer"), "")
        unread = item.get("unread_count")
        badge = ""
        if isinstance(unread, int) and unread > 0:
            said = escape(text("conversations.unread", n=unread))
            badge = f'<span class="unread" title="{said}"><span aria-hidden="true">{escape(self.format.number(unread))}</span><span class="away">{said}</span></span>'
        last = item.get("last_message")
        last = last if isinstance(last, dict) else {}
        excerpt = str(last.get("content") or "").strip() if last else text("conversations.no_messages")
        when = str(last.get("created_at") or item.get("updated_at") or "")
        status, source = str(item.get("status") or ""), str(item.get("source") or "unknown")
        html = (
            f'<li class="row{" is-unread" if badge else ""}" data-conversation-id="{escape(identity)}">'
            f'<a id="c-{escape(identity)}" data-id="{escape(identity)}" href="/chat/{escape(quote(identity))}">'
            f'<span class="title" dir="auto">{escape(item.get("title") or name or text("conversations.untitled"))}</span>'
            f'<time class="when" datetime="{escape(when)}">{escape(self.format.short_time(when))}</time>'
            f'<span class="who" dir="auto">{escape(name)}</span>'
            f'<span class="excerpt" dir="auto">{escape(excerpt[:EXCERPT])}</span>'
            f'<span class="tags"><span class="tag source-{escape(source)}">{escape(text.known("source", source))}</span>'
            f'<span class="tag status-{escape(status)}">{escape(text.known("status", status))}</span></span>{badge}</a></li>'
        )
        return Row(identity, Html(html))
