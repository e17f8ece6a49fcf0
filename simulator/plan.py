"""What will happen in one run, drawn from a seed: the world's make, and a list of actions that can be cut down."""

import json
from dataclasses import asdict, dataclass, replace
from random import Random
from typing import Any, Final

from simulator.server import CHATS, Rules

Action = tuple[float, str, tuple[Any, ...]]
"""When, in seconds from the start; what; with which values. ``World`` has a method for each."""

PATHS: Final = ("/conversations", "/customers", "/chat/1a", "/chat/1b", "/chat/2a", "/nowhere", "/", "/login")
GAPS: Final = (0.0, 0.0, 0.01, 0.05, 0.3, 1.0, 3.0, 8.0, 20.0, 40.0)
CODES: Final = (1000, 1001, 1006, 1008, 1011, 1012, 1013, 4001, 4003, 4400, 4409, 4429, 4999)
LONG_GAPS: Final = (0.0, 0.3, 12.0, 25.0, 60.0, 150.0)
DEEP: Final = "["  # stands for so many of them that a parser may give up
SPAN: Final = 600.0  # seconds in which everything happens
SHARE: Final = 0.5  # of everything that can happen, in one run: what is left out gives way to rare sequences


@dataclass(frozen=True, slots=True)
class Plan:
    """One run."""

    seed: int
    rules: Rules
    latency: float
    lag: float
    turn: float
    first: str  # where the first tab is opened
    actions: tuple[Action, ...]
    tabs: int = 1  # at the start, all on the same page
    user: str = "1"  # who is logged in at the start; "" for nobody

    def without(self, *dropped: int) -> "Plan":
        """The same without some of its actions, by position."""
        kept = (action for position, action in enumerate(self.actions) if position not in dropped)
        return replace(self, actions=tuple(kept))

    def dump(self) -> str:
        """The plan as JSON text."""
        return json.dumps(asdict(self))


def load(text: str) -> Plan:
    """Read what :meth:`Plan.dump` wrote."""
    found = json.loads(text)
    actions = tuple((when, what, tuple(values)) for when, what, values in found["actions"])
    return Plan(**{**found, "rules": Rules(**found["rules"]), "actions": actions})


def draw(seed: int) -> Plan:
    """The plan of a seed."""
    random = Random(seed)
    rules = Rules(
        hello=random.random() < 0.6,
        kick=random.choice(("", "", "silent", "announced")),
        refusal=random.choice(("handshake", "frame", "code")),
        limit=random.random() < 0.7,
        lifetime=random.choice((7 * 86_400.0, 7 * 86_400.0, 45.0)),
        platform=random.choice((0.1, 0.5, 3.0, 40.0)),
        handshake_cut=random.choice((5.0, 10.0)),
    )
    actions = sorted(_actions(random, random.randint(3, 16)), key=lambda action: action[0])
    return Plan(
        seed,
        rules,
        random.choice((0.02, 0.05, 0.5)),
        random.choice((0.0, 0.01, 0.3)),
        random.choice((0.0, 0.0, 0.0, 0.02)),
        random.choice(PATHS[:5]),
        tuple(actions),
        random.choice((1, 1, 2, 3)),
        "1" if random.random() < 0.85 else "",
    )


def _actions(random: Random, count: int) -> list[Action]:
    """Bursts of things, most of them close together, because that is where the trouble is."""
    found: list[Action] = []
    weights = {what: weight for what, (weight, _) in KINDS.items() if random.random() < SHARE} or {"reset": 1}
    gaps = GAPS if random.random() < 0.7 else LONG_GAPS
    when = random.choice((0.0, 0.5, 2.0, 12.0))
    for _ in range(count):
        when = round(when + random.choice(gaps), 2)
        what = random.choices(tuple(weights), weights=list(weights.values()))[0]
        found.append((min(when, SPAN), what, tuple(make(random) for make in KINDS[what][1])))
    return found


def _tab(random: Random) -> int:
    return random.randrange(3)


def _path(random: Random) -> str:
    return random.choice(PATHS)


def _seconds(random: Random) -> float:
    return random.choice((0.5, 4.0, 12.0, 35.0, 70.0, 150.0))


def _code(random: Random) -> int:
    return random.choice(CODES)


def _reason(random: Random) -> str:
    return random.choice(("", "", "retry-after=20", "retry-after=86400"))


def _user(random: Random) -> str:
    return random.choice("12")


def _coin(random: Random) -> bool:
    return random.random() < 0.5


def _outage(random: Random) -> str:
    return random.choice(("silent", "refused"))


def _trouble(random: Random) -> str:
    return random.choice(("error", "busy", "lost", "hotel"))


def _frame(random: Random) -> str | None:
    return random.choice(
        (DEEP, None, "", "42", "[]", "null", "{}", '{"type":7}', '{"type":"error"}', '{"type":"connected"}', "{")
    )


def _chat(random: Random) -> str:
    return random.choice(CHATS)


def _signal(random: Random) -> str:
    return random.choice(("online", "offline", "focus"))


KINDS: Final[dict[str, tuple[int, tuple[Any, ...]]]] = {
    # the user
    "open": (6, (_path,)),
    "close": (3, (_tab, _coin)),
    "go": (8, (_tab, _path)),
    "back": (2, (_tab,)),
    "write": (8, (_tab, _coin)),
    "send_again": (3, (_tab,)),
    "discard": (1, (_tab,)),
    "retry": (4, (_tab,)),
    "disconnect": (2, (_tab,)),
    "connect": (2, (_tab,)),
    "logout": (3, (_tab,)),
    "login": (6, (_tab, _user, _coin)),
    "language": (1, (_tab,)),
    "share": (2, (_tab, _seconds)),
    # the browser
    "hide": (3, (_tab,)),
    "show": (3, (_tab,)),
    "freeze": (3, (_tab, _seconds, _coin)),
    "put_away": (3, (_tab, _seconds)),
    "nap": (3, (_seconds, _coin)),
    "doze": (3, (_tab, _seconds)),
    "say": (3, (_tab, _signal)),
    # the network
    "outage": (5, (_outage, _seconds)),
    "reset": (3, (_tab,)),
    "vanish": (2, (_tab,)),
    # the server
    "restart": (3, (_seconds, _code)),
    "stall": (3, (_seconds,)),
    "refuse": (3, (_seconds,)),
    "flap": (3, (_seconds,)),
    "mute": (2, (_seconds,)),
    "distrust": (2, (_seconds,)),
    "trouble": (3, (_trouble, _seconds)),
    "hang_up": (5, (_tab, _code, _reason)),
    "expire": (3, (_coin,)),
    "frame": (2, (_tab, _frame)),
    "customer": (2, (_user, _chat)),
}
"""Everything that can happen: how often, and how its values are drawn."""
