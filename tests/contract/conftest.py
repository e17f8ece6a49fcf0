"""One mock for each version that a rule is held in."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contract.rules import Version
from tests.contract.shop import Shop


@pytest.fixture(scope="session")
def shops() -> Iterator[Callable[[Version], Shop]]:
    running: dict[Version, Shop] = {}

    def get(version: Version) -> Shop:
        if version not in running:
            running[version] = Shop(version)
        return running[version]

    yield get
    with ThreadPoolExecutor() as pool:
        list(pool.map(Shop.close, running.values()))


@pytest.fixture
def shop(request: pytest.FixtureRequest, shops: Callable[[Version], Shop]) -> Iterator[Shop]:
    """The mock in the version that the test's ``rule`` asks for, in its first state."""
    found = shops(request.param)
    found.reset()
    yield found
    found.leave()
