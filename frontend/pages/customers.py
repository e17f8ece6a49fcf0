"""The customers: who they are, how to reach them, and their conversations."""

from typing import Any

from pilito.events import Message
from pilito.markup import Html, escape, safe_url
from pilito.page import on_message
from pilito.ports import Row
from pilito.router import quote

from pages.list_page import Choice, ListPage, person


class CustomersPage(ListPage):
    """``/customers``. The backend pushes edits only, never a new customer: becoming visible asks again."""

    route = "/customers"
    endpoint = "/ws/customers/"
    title = "customers.title"
    items_key = "customers"
    filter_names = (
        "search",
        "source",
        "tags",
        "conversation_status",
        "has_email",
        "has_phone",
        "has_unread",
        "order_by",
    )
    list_request = "get_customers"
    refresh_request = "refresh_customers"
    options_request = "get_filter_options"

    @on_message("customers_list")
    def _list(self, message: Message) -> None:
        self.take_list(message)

    @on_message("filter_options")
    def _offered(self, message: Message) -> None:
        self.take_options(message)

    def choices(self, options: dict[str, Any]) -> list[Choice]:
        either = [("true", self.text("list.with")), ("false", self.text("list.without"))]
        return [
            Choice("source", "list.source", self.offered(options, "sources", "source")),
            Choice("tags", "list.tag", self.offered(options, "tags", "tag")),
            Choice("conversation_status", "list.status", self.offered(options, "conversation_statuses", "status")),
            Choice("has_email", "list.email", either),
            Choice("has_phone", "list.phone", either),
            Choice("has_unread", "list.unread", either),
            self.orders(options),
        ]

    def row(self, item: Message) -> Row:
        identity, name = str(item["id"]), person(item, self.text("customers.unnamed"))
        conversations = escape(self.text("customers.conversations"))
        html = (
            f'<li class="row customer" data-customer-id="{escape(identity)}">{_picture(item, name)}'
            f'<div class="who"><strong dir="auto">{escape(name)}</strong>{_handle(item)}'
            f'<span class="hint">{escape(self._facts(item))}</span></div>'
            f'<div class="reach">{_reach(item)}</div><div class="tags">{_tags(item)}</div>'
            f'<ul class="links" aria-label="{conversations}">{self._links(item)}</ul></li>'
        )
        return Row(identity, Html(html))

    def _facts(self, item: Message) -> str:
        """Where the customer is from, since when, and last active when."""
        since = self.text("customers.since", date=self.format.day(str(item.get("created_at") or "")))
        active = self.text("customers.active", date=self.format.short_time(str(item.get("updated_at") or "")))
        return f"{self.text.known('source', item.get('source') or 'unknown')} · {since} · {active}"

    def _links(self, item: Message) -> str:
        found = item.get("conversations")
        rows = [row for row in found if isinstance(row, dict) and row.get("id")] if isinstance(found, list) else []
        return "".join(self._link(row) for row in rows)

    def _link(self, row: dict[str, Any]) -> str:
        title = row.get("title") or self.text("conversations.untitled")
        status = self.text.known("status", row.get("status") or "")
        return (
            f'<li><a href="/chat/{escape(quote(str(row["id"])))}"><span dir="auto">{escape(title)}</span></a>'
            f' <span class="hint">{escape(status)}</span> {self.unread(row.get("unread_count"))}</li>'
        )


def _picture(item: Message, name: str) -> str:
    url = safe_url(item.get("profile_picture"))
    if url:
        size = 'width="44" height="44" loading="lazy" referrerpolicy="no-referrer"'
        return f'<img class="face" src="{escape(url)}" alt="" {size}>'
    return f'<span class="face" aria-hidden="true">{escape(name.lstrip("@")[:1].upper())}</span>'


def _handle(item: Message) -> str:
    username = item.get("username")
    return f'<span class="hint" dir="auto">@{escape(username)}</span>' if username else ""


def _reach(item: Message) -> str:
    parts = []
    for name in ("email", "phone_number"):
        value = item.get(name)
        if value:
            parts.append(f'<span dir="ltr">{escape(value)}</span>')
    return "".join(parts)


def _tags(item: Message) -> str:
    tags = item.get("tags") or item.get("tag")
    names = [tag.get("name") for tag in tags if isinstance(tag, dict)] if isinstance(tags, list) else []
    return "".join(f'<span class="tag" dir="auto">{escape(name)}</span>' for name in names if name)
