"""Paging and filtering as the backend does them, its oddities included. A query that fails gives an empty list."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from mock_server.models import Conversation, Customer, Store, User

T = TypeVar("T")
LARGEST_PAGE = 500


def _number(value: object, default: int, least: int) -> int:
    try:
        number = int(value)  # type: ignore[call-overload]
    except (TypeError, ValueError):
        return default
    return number if number >= least else default


def paginate(rows: Sequence[T], filters: dict[str, Any], *, default: int = 10) -> tuple[list[T], dict[str, Any]]:
    """Return one page of ``rows`` and its ``pagination`` object. ``offset`` wins over ``page``."""
    size = min(_number(filters.get("page_size", filters.get("limit")), default, 1), LARGEST_PAGE)
    page = _number(filters.get("page"), 1, 1)
    offset = _number(filters["offset"], 0, 0) if filters.get("offset") is not None else (page - 1) * size
    part = list(rows[offset : offset + size])
    total = len(rows)
    return part, {
        "count": total,
        "page_count": len(part),
        "page_size": size,
        "page": page,
        "total_pages": max(1, -(-total // size)),
        "has_next": offset + size < total,
        "has_previous": offset > 0,
        "offset": offset,
        "limit": size,
    }


def conversations(store: Store, user: User, filters: dict[str, Any]) -> list[Conversation]:
    """The user's conversations that pass the filters, in the asked order; once per matching tag.

    Raises ``ValueError`` or ``TypeError`` where the backend's query would fail.
    """
    rows = store.of_user(user)
    wanted = filters.get("search")
    if wanted:
        rows = [row for row in rows if _in_conversation(row, str(wanted).lower())]
    for name in ("status", "source"):
        if filters.get(name) and filters[name] != "all":
            rows = [row for row in rows if getattr(row, name) == filters[name]]
    if filters.get("priority") and filters["priority"] != "all":
        priority = int(filters["priority"])
        rows = [row for row in rows if row.priority == priority]
    if filters.get("unread_only"):
        rows = [row for row in rows if row.unread]
    rows = _between(rows, filters, "date_from", "date_to", lambda row: row.created_at)
    rows = _once_per_tag(rows, filters.get("tags"), lambda row: row.customer)
    return _ordered(rows, filters.get("order_by"), CONVERSATION_ORDERS, "-updated_at")


def customers(store: Store, user: User, filters: dict[str, Any]) -> list[Customer]:
    """The user's customers that pass the filters. Raises as :func:`conversations` does."""
    rows = store.customers_of(user)
    wanted = filters.get("search")
    if wanted:
        rows = [row for row in rows if _in_customer(row, str(wanted).lower(), phone=True)]
    if filters.get("source") and filters["source"] != "all":
        rows = [row for row in rows if row.source == filters["source"]]
    rows = _has(rows, filters.get("has_email"), lambda row: bool(row.email))
    rows = _has(rows, filters.get("has_phone"), lambda row: bool(row.phone_number))
    rows = _has(rows, filters.get("has_unread"), lambda row: any(c.unread for c in store.all_with(row)))
    status = filters.get("conversation_status")
    if status and status != "all":
        rows = [row for row in rows if any(c.status == status for c in store.all_with(row))]
    rows = _between(rows, filters, "date_from", "date_to", lambda row: row.created_at)
    rows = _between(rows, filters, "last_activity_from", "last_activity_to", lambda row: row.updated_at)
    if filters.get("tag_ids"):
        ids = {int(tag) for tag in filters["tag_ids"]}
        rows = [row for row in rows if any(tag.id in ids for tag in row.tags)]
    if filters.get("tags"):
        rows = [row for row in rows if any(tag.name in filters["tags"] for tag in row.tags)]
    return _ordered(rows, filters.get("order_by"), CUSTOMER_ORDERS, "-created_at")


CONVERSATION_ORDERS: dict[str, Callable[[Conversation], Any]] = {
    "created_at": lambda row: row.created_at,
    "updated_at": lambda row: row.updated_at,
    "title": lambda row: row.title or "",
    "status": lambda row: row.status,
    "priority": lambda row: row.priority,
}
CUSTOMER_ORDERS: dict[str, Callable[[Customer], Any]] = {
    "created_at": lambda row: row.created_at,
    "updated_at": lambda row: row.updated_at,
    "first_name": lambda row: row.first_name or "",
}


def _ordered(rows: list[T], asked: object, orders: dict[str, Callable[[T], Any]], default: str) -> list[T]:
    order = asked if isinstance(asked, str) and asked.removeprefix("-") in orders else default
    return sorted(rows, key=orders[order.removeprefix("-")], reverse=order.startswith("-"))


def _in_conversation(row: Conversation, wanted: str) -> bool:
    if wanted in (row.title or "").lower() or any(wanted in message.content.lower() for message in row.messages):
        return True
    return row.customer is not None and _in_customer(row.customer, wanted, phone=False)


def _in_customer(row: Customer, wanted: str, *, phone: bool) -> bool:
    texts = [row.first_name, row.last_name, row.username, row.email, *([row.phone_number] if phone else [])]
    return any(wanted in (text or "").lower() for text in texts)


def _has(rows: list[Customer], asked: object, test: Callable[[Customer], bool]) -> list[Customer]:
    if asked in ("true", True, 1):
        return [row for row in rows if test(row)]
    if asked in ("false", False, 0) and asked is not None:
        return [row for row in rows if not test(row)]
    return rows


def _between(rows: list[T], filters: dict[str, Any], first: str, last: str, moment: Callable[[T], datetime]) -> list[T]:
    if filters.get(first):
        start = _date(filters[first])
        rows = [row for row in rows if moment(row) >= start]
    if filters.get(last):
        end = _date(filters[last])
        rows = [row for row in rows if moment(row) <= end]
    return rows


def _date(value: object) -> datetime:
    parsed = datetime.fromisoformat(str(value))
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _once_per_tag(rows: list[T], tags: object, customer: Callable[[T], Customer | None]) -> list[T]:
    if not tags or not isinstance(tags, list):
        return rows
    found = []
    for row in rows:
        owner = customer(row)
        found += [row for tag in (owner.tags if owner else []) if tag.name in tags]
    return found
