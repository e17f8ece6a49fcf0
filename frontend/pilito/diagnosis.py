"""Why a dial never opened. The browser says 1006 whatever the cause, so ``auth/status`` is asked. Five answers:

==================  =====================================  =========================================================
answer              what was said over HTTP                what follows
==================  =====================================  =========================================================
not authenticated   ``authenticated: false``               one refresh over all tabs, at once; without luck, login
throttled           the token is good, or 429              a minute after the last dial: the length of the allowance
refused             the token is good, dials have room     two minutes after the last dial, or when the user asks
server in trouble   5xx                                    ten seconds or as asked, and longer each time
offline             no answer                              the ladder of delays, or when the network is back
==================  =====================================  =========================================================
"""

from typing import Final

from pilito.budget import WINDOW, DialBudget
from pilito.events import Reason
from pilito.ports import Unavailable

PATIENCE_WHEN_THROTTLED: Final = WINDOW
PATIENCE_WHEN_REFUSED: Final = 2 * WINDOW
QUICK_FAILURES: Final = 2  # in a row: the first may be the network's fault
ONE_CHAT: Final = "/ws/chat/"


def unopened(endpoint: str, failures: int, budget: DialBudget) -> Unavailable | None:
    """Return how to wait although the server vouches for the token, or ``None`` to dial now.

    ``failures`` counts the dials in a row that never opened. A conversation is refused when it is not the user's or is
    gone; but the same is seen when other devices have used up the allowance, so it is only a guess, and not final.
    """
    if failures < QUICK_FAILURES:
        return None
    refused = endpoint.startswith(ONE_CHAT) and budget.room() > 0
    reason, patience = (
        (Reason.REFUSED, PATIENCE_WHEN_REFUSED) if refused else (Reason.THROTTLED, PATIENCE_WHEN_THROTTLED)
    )
    left = patience - budget.since_last_dial(endpoint)
    return Unavailable(reason, left) if left > 0 else None
