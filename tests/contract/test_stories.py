"""Every recorded story, line by line: the same frames in the same order, the same silences, the same closes."""

import pytest

from tests.contract.recordings import Recording, or_skip, stories
from tests.contract.replay import Replay


@pytest.mark.parametrize("recording", or_skip(stories(), "stories"), ids=lambda found: getattr(found, "name", "none"))
def test_the_mock_answers_as_recorded(recording: Recording) -> None:
    """The mock in the version, server and mode of a recording answers each of its requests as it was answered."""
    tally = Replay(recording, recording.version).run()
    assert sum(tally.values())
