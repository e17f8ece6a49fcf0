"""The list of customers, in every version: filters, order, rows and options."""

from collections.abc import Callable
from typing import Any

from mock_server.models import Customer, Tag, now
from tests.contract.fields import CUSTOMER_ROW, LAST_MESSAGE, NESTED, OPTION, RICH_CUSTOMER, holds
from tests.contract.rules import RICH, rule
from tests.contract.shop import CUSTOMERS, Shop


def asked(shop: Shop, filters: dict[str, Any]) -> list[int]:
    return [row["id"] for row in shop.listed(CUSTOMERS, {"page_size": 500, **filters})["customers"]]


def ids(rows: list[Customer]) -> list[int]:
    """In the usual order: the newest first."""
    return [row.id for row in sorted(rows, key=lambda row: row.created_at, reverse=True)]


@rule("customers")
def test_each_filter_takes_whom_it_names(shop: Shop) -> None:
    """Source, dates, last activity and what is known of a customer, each against the rows themselves."""
    rows = shop.customers
    born, active = rows[7].created_at, rows[7].updated_at
    assert asked(shop, {}) == asked(shop, {"source": "all"}) == ids(rows)
    for source in ("telegram", "instagram", "unknown"):
        assert asked(shop, {"source": source}) == ids([row for row in rows if row.source == source])
    assert asked(shop, {"date_from": born.isoformat()}) == ids([row for row in rows if row.created_at >= born])
    assert asked(shop, {"date_to": born.isoformat()}) == ids([row for row in rows if row.created_at <= born])
    late = ids([row for row in rows if row.updated_at >= active])
    assert asked(shop, {"last_activity_from": active.isoformat()}) == late
    early = ids([row for row in rows if row.updated_at <= active])
    assert asked(shop, {"last_activity_to": active.isoformat()}) == early


@rule("customers")
def test_what_is_known_of_a_customer_in_many_spellings(shop: Shop) -> None:
    """true and false as words, truths or digits; everything else is no filter."""
    rows, store = shop.customers, shop.server.backend.store
    tests: dict[str, Callable[[Customer], bool]] = {
        "has_email": lambda row: bool(row.email),
        "has_phone": lambda row: bool(row.phone_number),
        "has_unread": lambda row: any(chat.unread for chat in store.all_with(row)),
    }
    for name, test in tests.items():
        with_it, without = (ids([row for row in rows if test(row) is wanted]) for wanted in (True, False))
        assert with_it
        assert without or name == "has_unread"
        for yes in ("true", True, 1):
            assert asked(shop, {name: yes}) == with_it, (name, yes)
        for no in ("false", False, 0):
            assert asked(shop, {name: no}) == without, (name, no)
        for neither in ("all", "yes", None):
            assert asked(shop, {name: neither}) == ids(rows), (name, neither)


@rule("customers")
def test_the_conversations_of_a_customer_count(shop: Shop) -> None:
    """A status finds everybody who has a conversation in it."""
    for status in ("active", "closed"):
        having = {chat.customer.id for chat in shop.chats if chat.customer and chat.status == status}
        assert asked(shop, {"conversation_status": status}) == ids([row for row in shop.customers if row.id in having])
    assert asked(shop, {"conversation_status": "all"}) == ids(shop.customers)


@rule("customers")
def test_a_search_looks_into_names_addresses_and_telephone_numbers(shop: Shop) -> None:
    """Any part of these, in any case."""
    person = shop.customers[4]
    person.first_name, person.last_name, person.username = "Xfirst", "Xlast", "Xuser"
    person.email, person.phone_number, person.description = "Xmail@example.org", "Xphone", "Xabout"
    for text in ("xfirst", "XLAST", "xuser", "xmail@ex", "xphone"):
        assert asked(shop, {"search": text}) == [person.id]
    assert asked(shop, {"search": "xabout"}) == []


@rule("customers")
def test_tags_by_name_and_by_number(shop: Shop) -> None:
    """One of several is enough, and nobody is listed twice."""
    vip, refund = Tag(91, "XVIP", now()), Tag(92, "XRefund", now())
    one, two = shop.customers[3], shop.customers[4]
    one.tags, two.tags = [vip], [vip, refund]
    assert asked(shop, {"tags": ["XVIP", "XRefund"]}) == asked(shop, {"tag_ids": [91, "92"]}) == ids([one, two])
    assert asked(shop, {"tags": ["XRefund"]}) == asked(shop, {"tag_ids": [92]}) == [two.id]


@rule("customers")
def test_the_order_of_customers(shop: Shop) -> None:
    """Three fields, up and down; what is no field of these gives the usual order."""
    rows = shop.customers
    for name in ("created_at", "updated_at", "first_name"):
        values = {row.id: getattr(row, name) or "" for row in rows}
        up, down = ([values[one] for one in asked(shop, {"order_by": f"{sign}{name}"})] for sign in ("", "-"))
        assert up == sorted(values.values())
        assert down == sorted(values.values(), reverse=True)
    for nonsense in ("last_name", "-id", "", 7):
        assert asked(shop, {"order_by": nonsense}) == ids(rows)


@rule("customers")
def test_a_row_of_customers(shop: Shop) -> None:
    """Its fields and types: tags by number and name, no description, and the user's own conversations."""
    rich = shop.version.profile in RICH
    by_id = {row.id: row for row in shop.customers}
    shared = shop.customers[2]
    shop.server.backend.store.of_user(shop.other)[0].customer = shared
    for row in shop.listed(CUSTOMERS, {"page_size": 100})["customers"]:
        assert holds(row, CUSTOMER_ROW, RICH_CUSTOMER if rich else "")
        model = by_id[row["id"]]
        hidden = {"Telegram", "Whatsapp", "Instagram"} if rich else set()
        assert row["tags"] == [{"id": tag.id, "name": tag.name} for tag in model.tags if tag.name not in hidden]
        own = [chat for chat in shop.chats if chat.customer is model]
        assert [nested["id"] for nested in row["conversations"]] == [chat.id for chat in own]
        for nested, chat in zip(row["conversations"], own, strict=True):
            assert holds(nested, NESTED)
            assert nested["unread_count"] == len(chat.unread)
            assert nested["last_message"] is None or holds(nested["last_message"], LAST_MESSAGE, "is_ai_response:bool")


@rule("customers")
def test_options_of_the_customers(shop: Shop) -> None:
    """What is in use, at most ten sources and statuses and twenty tags; three choices each; five orders."""
    for number, customer in enumerate(shop.customers):
        customer.tags = [Tag(100 + 2 * number + step, f"tag {number} {step}", now()) for step in range(2)]
        customer.source = f"source {number}"
    for number, chat in enumerate(shop.chats):
        chat.status = f"status {number}"
    (frame,) = shop.open(CUSTOMERS).ask({"type": "get_filter_options"})
    assert holds(frame, "type:string options:object timestamp:string")
    assert frame["type"] == "filter_options"
    options = frame["options"]
    lists = ("sources", "tags", "conversation_statuses")
    assert [len(options[name]) for name in lists] == [10, 20, 10]
    assert all(
        text.startswith(word) for name, word in zip(lists, ("s", "t", "s"), strict=True) for text in options[name]
    )
    for name in ("has_email_options", "has_phone_options", "has_unread_options"):
        assert [option["value"] for option in options[name]] == ["true", "false", "all"]
    orders = ["-updated_at", "-created_at", "created_at", "first_name", "-first_name"]
    assert [option["value"] for option in options["order_options"]] == orders
    assert set(options) == {*lists, "has_email_options", "has_phone_options", "has_unread_options", "order_options"}
    for name in set(options) - set(lists):
        assert all(holds(option, OPTION) for option in options[name])
