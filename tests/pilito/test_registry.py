"""One manager for each endpoint, and the page's life told to all of them."""

from pilito.events import LifecycleEvent, Reason, State, WakeCause
from pilito.lifecycle import Lifecycle
from pilito.policy import Policy
from pilito.ports import PageSignal
from pilito.registry import Registry

from tests.fakes import FakeChannel, FakeLife, Shared, pass_time
from tests.pilito.connection import ENDPOINT, World, scenario


@scenario
async def test_two_subscribers_share_a_socket_and_the_last_one_closes_it() -> None:
    """The first leaves, it stays; the second leaves, it closes."""
    world = World()
    registry = Registry(world.make)
    first, second = registry.subscribe(ENDPOINT), registry.subscribe(ENDPOINT)
    await pass_time()
    connector = world.connectors[-1]
    connector.last.accept()
    assert sum(len(one.sockets) for one in world.connectors) == 1
    first.close()
    first.close()
    assert connector.last.open
    assert not first.send("x")
    assert second.send("x")
    second.close()
    assert not connector.sockets[0].open
    assert registry.connections() == []
    assert connector.released


@scenario
async def test_subscribing_again_after_the_last_one_left() -> None:
    """A new subscription follows with a new socket; two are never open."""
    world = World()
    registry = Registry(world.make)
    registry.subscribe(ENDPOINT).close()
    again = registry.subscribe(ENDPOINT)
    await pass_time()
    world.connectors[-1].last.accept()
    assert again.ready
    assert sum(socket.open for connector in world.connectors for socket in connector.sockets) == 1


@scenario
async def test_a_closed_subscription_hears_nothing() -> None:
    """What a subscription listened to ends with it, while others go on."""
    world = World()
    registry = Registry(world.make)
    first, second = registry.subscribe(ENDPOINT), registry.subscribe(ENDPOINT)
    heard: list[str] = []
    first.on("x", lambda _: heard.append("first"))
    first.on_lifecycle(LifecycleEvent.CONNECTED, lambda _: heard.append("connected"))
    second.on("x", lambda _: heard.append("second"))
    await pass_time()
    first.close()
    world.connectors[-1].last.accept().frame('{"type":"x"}')
    assert heard == ["second"]


@scenario
async def test_the_pages_life_reaches_every_connection() -> None:
    """Hidden keeps connections, freezing closes them, showing again dials, offline asks."""
    world, life, shared = World(), FakeLife(), Shared()
    registry = Registry(world.make)
    lifecycle = Lifecycle(life, registry, FakeChannel(shared))
    subscription = registry.subscribe(ENDPOINT)
    await pass_time()
    connector = world.connectors[-1]
    connector.last.accept()
    life.signal(PageSignal.HIDDEN)
    assert subscription.ready
    life.signal(PageSignal.OFFLINE)
    assert connector.last.sent == [""]
    life.signal(PageSignal.FREEZE)
    assert subscription.info.reason is Reason.FROZEN
    life.signal(PageSignal.RESUME)
    await pass_time()
    connector.last.accept()
    assert subscription.ready
    assert len(connector.sockets) == 2
    lifecycle.release()
    life.signal(PageSignal.FREEZE)
    assert subscription.ready


@scenario
async def test_a_tab_that_got_through_wakes_its_siblings() -> None:
    """A connection that has lasted ends the exhaustion of another tab, and not before."""
    shared = Shared()
    lucky, unlucky = World(), World(Policy(max_attempts=0))
    tabs = []
    for world in (lucky, unlucky):
        registry = Registry(world.make)
        Lifecycle(FakeLife(), registry, FakeChannel(shared))
        tabs.append(registry.subscribe(ENDPOINT))
    await pass_time()
    unlucky.connectors[-1].last.close()
    assert tabs[1].info.reason is Reason.EXHAUSTED
    lucky.connectors[-1].last.accept()
    await pass_time(5)
    assert tabs[1].info.state is State.SUSPENDED
    await pass_time(6)
    assert len(unlucky.connectors[-1].sockets) == 2


@scenario
async def test_disconnect_all_and_retry() -> None:
    """disconnect_all() closes every connection for good; retry() dials the named one."""
    world = World(Policy(max_attempts=0))
    registry = Registry(world.make)
    seen: list[int] = []
    registry.on_change(lambda connections: seen.append(len(connections)))
    subscription = registry.subscribe(ENDPOINT)
    await pass_time()
    world.connectors[-1].last.close()
    registry.retry(ENDPOINT)
    registry.retry("/ws/nobody/")
    await pass_time()
    assert len(world.connectors[-1].sockets) == 2
    registry.disconnect_all()
    registry.wake(WakeCause.ONLINE)
    await pass_time(100)
    assert subscription.info.state is State.CLOSED
    assert seen
