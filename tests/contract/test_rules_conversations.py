"""The list of conversations, in every version: paging, filters, order, echo, rows and options."""

from typing import Any

from mock_server.models import Conversation, Tag, now
from tests.contract.fields import CONVERSATION, CUSTOMER, LAST_MESSAGE, OPTION, RICH_CUSTOMER, RICH_TAG, TAG, holds
from tests.contract.rules import RICH, rule
from tests.contract.shop import CONVERSATIONS, CUSTOMERS, Frame, Shop

PAGING: dict[str, tuple[Frame, tuple[int, int, int]]] = {  # filters; page size, page, offset
    "nothing": ({}, (10, 1, 0)),
    "page": ({"page": 2}, (10, 2, 10)),
    "size and page": ({"page_size": 7, "page": 3}, (7, 3, 14)),
    "limit": ({"limit": 4}, (4, 1, 0)),
    "digits": ({"page_size": "6", "page": "2"}, (6, 2, 6)),
    "zero": ({"page_size": 0}, (10, 1, 0)),
    "negative": ({"page_size": -3, "page": -1}, (10, 1, 0)),
    "words": ({"page_size": "many", "page": "last"}, (10, 1, 0)),
    "too large": ({"page_size": 501}, (500, 1, 0)),
    "largest": ({"page_size": 500}, (500, 1, 0)),
    "offset wins": ({"offset": 5, "page": 3}, (10, 3, 5)),
    "offset alone": ({"offset": 25}, (10, 1, 25)),
    "past the end": ({"page": 999999, "page_size": 1}, (1, 999999, 999998)),
}


def expected(total: int, size: int, page: int, offset: int) -> Frame:
    rows = max(min(size, total - offset), 0)
    return {
        "count": total,
        "page_count": rows,
        "page_size": size,
        "page": page,
        "total_pages": max(-(-total // size), 1),
        "has_next": offset + size < total,
        "has_previous": offset > 0,
        "offset": offset,
        "limit": size,
    }


@rule("conversations")
def test_pages_of_both_lists(shop: Shop) -> None:
    """Size, page and offset, good and bad, in the answer's pagination, which speaks in whole numbers and truths."""
    for path, name, total in ((CONVERSATIONS, "conversations", 30), (CUSTOMERS, "customers", len(shop.customers))):
        client = shop.open(path)
        for filters, (size, page, offset) in PAGING.values():
            (frame,) = client.ask({"type": f"get_{name}", "filters": filters})
            assert frame["pagination"] == expected(total, size, page, offset), filters
            assert (frame["count"], frame["page_count"]) == (total, len(frame[name]))
            assert frame["page_count"] == frame["pagination"]["page_count"]


@rule("conversations")
def test_filters_come_back_as_they_were_sent(shop: Shop) -> None:
    """The echo keeps unknown keys and their types; nothing sent is an empty object."""
    odd = {"page": 2, "_rid": "7", "_probe": [1, {"a": None}], "status": "closed"}
    for path, name in ((CONVERSATIONS, "conversations"), (CUSTOMERS, "customers")):
        client = shop.open(path)
        for request in (f"get_{name}", f"refresh_{name}", f"filter_{name}"):
            assert [frame["filters"] for frame in client.ask({"type": request, "filters": odd})] == [odd]
        assert [frame["filters"] for frame in client.ask({"type": f"get_{name}"})] == [{}]
        (found,) = client.ask({"type": f"search_{name}", "search_term": "no such thing"})
        assert (found["filters"], found["count"]) == ({"search": "no such thing"}, 0)


@rule("conversations")
def test_a_query_that_fails_is_an_empty_list(shop: Shop) -> None:
    """A bad date, a priority in words and filters that are no object give no error, but a list with count 0."""
    bad: tuple[Any, ...] = ({"date_from": "yesterday"}, {"date_to": "x"}, {"priority": "high"}, "all", [1], 7)
    for filters in bad:
        frame = shop.listed(CONVERSATIONS, filters)
        assert (frame["conversations"], frame["count"], frame["pagination"]["total_pages"]) == ([], 0, 1), filters
        assert frame["filters"] == filters
    bad = ({"tag_ids": ["x"]}, {"last_activity_from": "x"}, {"date_to": "x"}, "all")
    for filters in bad:
        frame = shop.listed(CUSTOMERS, filters)
        assert (frame["customers"], frame["count"]) == ([], 0), filters


@rule("conversations")
def test_the_address_pages_requests_unless_they_page_themselves(shop: Shop) -> None:
    """What the URL says of pages goes into each answer, not into the first list and not into pushes."""
    client = shop.open(f"{CONVERSATIONS}?page_size=3&page=2&status=closed")
    (frame,) = client.ask({"type": "get_conversations"})
    assert (frame["pagination"]["page_size"], frame["pagination"]["page"], frame["count"]) == (3, 2, 30)
    (frame,) = client.ask({"type": "get_conversations", "filters": {"page_size": 4}})
    assert (frame["pagination"]["page_size"], frame["pagination"]["page"]) == (4, 2)
    shop.server.push(event="customer_message", conversation=shop.chats[3].id, content="x")
    (pushed,) = client.news()
    assert (pushed["pagination"]["page_size"], pushed["pagination"]["page"], pushed["filters"]) == (10, 1, {})


def asked(shop: Shop, filters: Frame) -> list[str]:
    frame = shop.listed(CONVERSATIONS, {"page_size": 500, **filters})
    assert frame["count"] == len(frame["conversations"])
    return [row["id"] for row in frame["conversations"]]


def ids(rows: list[Conversation]) -> list[str]:
    """In the usual order: what was touched last comes first."""
    return [row.id for row in sorted(rows, key=lambda row: row.updated_at, reverse=True)]


@rule("conversations")
def test_each_filter_takes_what_it_names(shop: Shop) -> None:
    """Status, source, priority, dates, and what waits for an answer, each against the rows themselves."""
    rows, middle = shop.chats, shop.chats[15].created_at
    assert asked(shop, {}) == ids(rows)
    for status in ("active", "support_active", "marketing_active", "closed"):
        assert asked(shop, {"status": status}) == ids([row for row in rows if row.status == status])
    for source in ("telegram", "instagram", "unknown"):
        assert asked(shop, {"source": source}) == ids([row for row in rows if row.source == source])
    for priority in (1, 2, 3, "2"):
        assert asked(shop, {"priority": priority}) == ids([row for row in rows if row.priority == int(priority)])
    for name in ("status", "source", "priority"):
        assert asked(shop, {name: "all"}) == ids(rows)
    assert asked(shop, {"date_from": middle.isoformat()}) == ids([row for row in rows if row.created_at >= middle])
    assert asked(shop, {"date_to": middle.isoformat()}) == ids([row for row in rows if row.created_at <= middle])
    waiting = ids([row for row in rows if row.unread])
    assert asked(shop, {"unread_only": True}) == asked(shop, {"unread_only": "false"}) == waiting
    assert asked(shop, {"unread_only": False}) == ids(rows)
    both = [row for row in rows if row.status == "closed" and row.source == "telegram"]
    assert asked(shop, {"status": "closed", "source": "telegram"}) == ids(both)


@rule("conversations")
def test_a_search_looks_into_titles_names_and_messages(shop: Shop) -> None:
    """Any part of these, in any case; a telephone number is not looked at."""
    chat = shop.chats[3]
    assert chat.customer
    chat.title, chat.messages[0].content = "Xtitle", "some Xword here"
    person = chat.customer
    person.first_name, person.last_name, person.username = "Xfirst", "Xlast", "Xuser"
    person.email, person.phone_number = "Xmail@example.org", "Xphone"
    with_person = ids([row for row in shop.chats if row.customer is person])
    for text, found in (("xTITLE", [chat.id]), ("xword", [chat.id]), ("xphone", [])):
        assert asked(shop, {"search": text}) == found
    for text in ("xfirst", "xlast", "xuser", "xmail@ex"):
        assert asked(shop, {"search": text}) == with_person


@rule("conversations")
def test_a_tag_filter_lists_a_row_once_for_each_tag_that_matches(shop: Shop) -> None:
    """One of several tags is enough; two that match make two rows, in the count too."""
    vip, refund = Tag(91, "XVIP", now()), Tag(92, "XRefund", now())
    one, two = shop.chats[3], shop.chats[4]
    assert one.customer
    assert two.customer
    one.customer.tags, two.customer.tags = [vip], [vip, refund]
    ones = [row.id for row in shop.chats if row.customer is one.customer]
    twos = [row.id for row in shop.chats if row.customer is two.customer]
    assert sorted(asked(shop, {"tags": ["XVIP", "XRefund", "none"]})) == sorted([*ones, *twos, *twos])
    assert sorted(asked(shop, {"tags": ["XRefund"]})) == sorted(twos)


@rule("conversations")
def test_the_order_of_conversations(shop: Shop) -> None:
    """Five fields, up and down; what is no field of these gives the usual order."""
    rows = shop.chats
    for name in ("created_at", "updated_at", "title", "status", "priority"):
        values = {row.id: getattr(row, name) or "" for row in rows}
        up, down = ([values[one] for one in asked(shop, {"order_by": f"{sign}{name}"})] for sign in ("", "-"))
        assert up == sorted(values.values())
        assert down == sorted(values.values(), reverse=True)
    for nonsense in ("source", "-id", "", 7, None):
        assert asked(shop, {"order_by": nonsense}) == ids(rows)


@rule("conversations")
def test_a_row_of_conversations(shop: Shop) -> None:
    """Its fields and types; the customer's tags in full, and some hidden, in the newest versions."""
    rich = shop.version.profile in RICH
    seen = shop.open(CONVERSATIONS).ask({"filters": {"page_size": 100}})[0]["conversations"]
    by_id = {row.id: row for row in shop.chats}
    for row in seen:
        assert holds(row, CONVERSATION)
        model = by_id[row["id"]]
        unread = [message for message in model.messages if message.type == "customer" and not message.is_answered]
        assert row["unread_count"] == len(unread)
        assert (row["last_message"] is None) == (not model.messages)
        if row["last_message"]:
            assert holds(row["last_message"], LAST_MESSAGE)
            newest = max(model.messages, key=lambda message: message.created_at)
            assert row["last_message"]["content"] == newest.content
        assert (row["customer"] is None) == (model.customer is None)
        if model.customer:
            assert holds(row["customer"], CUSTOMER, RICH_CUSTOMER if rich else "")
            _tags(row["customer"]["tag"], [tag.name for tag in model.customer.tags], rich=rich)
    assert {None} < {row["title"] for row in seen}


def _tags(told: list[Frame], names: list[str], *, rich: bool) -> None:
    hidden = {"Telegram", "Whatsapp", "Instagram"} if rich else set()
    assert [tag["name"] for tag in told] == [name for name in names if name not in hidden]
    for tag in told:
        assert holds(tag, TAG, RICH_TAG if rich else "")


@rule("conversations")
def test_options_of_the_conversations(shop: Shop) -> None:
    """Only what is in use, each once, and the seven orders with their labels."""
    for chat in shop.chats:
        chat.status = "closed" if chat.status == "active" else chat.status
        chat.priority = min(chat.priority, 2)
    (frame,) = shop.open(CONVERSATIONS).ask({"type": "get_conversation_filter_options"})
    assert holds(frame, "type:string options:object timestamp:string")
    assert frame["type"] == "conversation_filter_options"
    options = frame["options"]
    assert sorted(options["statuses"]) == ["closed", "marketing_active", "support_active"]
    assert sorted(options["sources"]) == ["instagram", "telegram", "unknown"]
    assert sorted(options["priorities"]) == [1, 2]
    used = {tag.name for chat in shop.chats if chat.customer for tag in chat.customer.tags}
    assert sorted(options["tags"]) == sorted(used)
    orders = ["-updated_at", "-created_at", "created_at", "title", "-title", "status", "priority"]
    assert [option["value"] for option in options["order_options"]] == orders
    assert all(holds(option, OPTION) for option in options["order_options"])


@rule("conversations")
def test_a_reply_does_not_clear_what_waits(shop: Shop) -> None:
    """A message of ours leaves the count of unanswered ones; the newest activity comes first."""
    chat = next(row for row in shop.chats[5:] if row.unread)
    before = len(chat.unread)
    lists = shop.open(CONVERSATIONS)
    shop.open(chat).ask({"type": "chat_message", "content": "a reply"})
    (pushed,) = lists.news()
    assert pushed["conversations"][0]["id"] == chat.id
    assert pushed["conversations"][0]["unread_count"] == before
    assert pushed["conversations"][0]["last_message"]["content"] == "a reply"
