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
        return [
            Choice("status", "list.status", self.offered(options, "statuses", "status")),
            Choice("source", "list.source", self.offered(options, "sources", "source")),
            Choice("priority", "list.priority", self.offered(options, "priorities", "priority")),
            Choice("tags", "list.tag", self.offered(options, "tags", "tag")),
            self.orders(options),
            Choice("unread_only", "list.unread_only", ()),
        ]

    def row(self, item: Message) -> Row:
        identity, unread = str(item["id"]), self.unread(item.get("unread_count"))
        name = person(item.get("customer"), "")
        title = item.get("title") or name or self.text("conversations.untitled")
        excerpt, when = self._last_message(item)
        html = (
            f'<li class="row{" is-unread" if unread else ""}" data-conversation-id="{escape(identity)}">'
            f'<a id="c-{escape(identity)}" data-id="{escape(identity)}" href="/chat/{escape(quote(identity))}">'
            f'<span class="title" dir="auto">{escape(title)}</span>'
            f'<time class="when" datetime="{escape(when)}">{escape(self.format.short_time(when))}</time>'
            f'<span class="who" dir="auto">{escape(name)}</span>'
            f'<span class="excerpt" dir="auto">{escape(excerpt)}</span>'
            f'<span class="tags">{self._tag("source", item)}{self._tag("status", item)}</span>{unread}</a></li>'
        )
        return Row(identity, Html(html))

    def _last_message(self, item: Message) -> tuple[str, str]:
        """The beginning of the last message and its time; without one, words that say so and the last change."""
        last = item.get("last_message")
        if not isinstance(last, dict):
            return self.text("conversations.no_messages"), str(item.get("updated_at") or "")
        return str(last.get("content") or "").strip()[:EXCERPT], str(last.get("created_at") or "")

    def _tag(self, kind: str, item: Message) -> str:
        value = str(item.get(kind) or "unknown")
        return f'<span class="tag {kind}-{escape(value)}">{escape(self.text.known(kind, value))}</span>'
