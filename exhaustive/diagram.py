"""The connection's table as a Mermaid state diagram, for ``docs/design.md``."""

from typing import Final

from pilito.events import State
from pilito.transitions import TRANSITIONS, Trigger

FROM_EVERYWHERE: Final = {Trigger.DISCONNECT: State.CLOSED, Trigger.SUSPEND: State.SUSPENDED}
"""Left out of the picture and said below it: arrows from every state to one."""


def mermaid() -> str:
    """Return the diagram. The search proves that every arrow can be walked; see ``tests/exhaustive``."""
    arrows: dict[tuple[State, State], list[str]] = {}
    for (state, trigger), rule in TRANSITIONS.items():
        for target in rule.to:
            if target is not state and trigger not in FROM_EVERYWHERE:
                arrows.setdefault((state, target), []).append(trigger.value)
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> CLOSED"]
    lines += [f"    {before.name} --> {after.name}: {', '.join(why)}" for (before, after), why in arrows.items()]
    said = [f"*{trigger.value}* leads to {state.name}" for trigger, state in FROM_EVERYWHERE.items()]
    return "\n".join([*lines, "```", "", f"From every state {' and '.join(said)}; CLOSED stays CLOSED.", ""])
