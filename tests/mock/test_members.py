"""Who is in which group, and what a push does to members that have to wait."""

from collections.abc import Callable

import pytest

from mock_server.members import Members, Numbers
from mock_server.server import MockServer
from tests.mock.conftest import Client


def test_groups_keep_their_order_and_end_with_their_last_member() -> None:
    """Members are listed in the order in which they joined; a group without any is gone."""
    members: Members[str] = Members()
    members.add("a", frozenset({"chat", "list"}))
    members.add("b", frozenset({"chat"}))
    assert (members.all(), members.of("chat"), members.of("list")) == (["a", "b"], ["a", "b"], ["a"])
    members.remove("a")
    assert "a" not in members
    assert (members.of("chat"), members.of("list"), dict(members.sizes())) == (["b"], [], {"chat": 1})
    with pytest.raises(KeyError):
        members.remove("a")


def test_the_lowest_free_number_is_given() -> None:
    """Numbers begin at 1, and one that was given back is given again before a new one."""
    numbers = Numbers()
    assert [numbers.take() for _ in range(4)] == [1, 2, 3, 4]
    numbers.give_back(3)
    numbers.give_back(2)
    assert numbers.next() == 2
    assert [numbers.take() for _ in range(3)] == [2, 3, 5]


def test_nobody_waits_for_a_slow_member(server: MockServer, dial: Callable[..., Client]) -> None:
    """A push reaches the second tab although the first one's frames are held back for long."""
    first, second = dial(server).skip(2), dial(server).skip(2)
    server.fault("throttle", bytes_per_second=100, tab=1)
    chat = next(iter(server.backend.store.conversations))
    server.call(_begin_push(server, chat))
    assert second.frame()["type"] == "conversations_list"
    with pytest.raises(TimeoutError):
        first.socket.recv(timeout=0.2)


async def _begin_push(server: MockServer, chat: str) -> None:
    """Begin a push without waiting for its end."""
    server.backend.spawn(server.backend.customer_writes(server.backend.store.conversations[chat], "hello"))
