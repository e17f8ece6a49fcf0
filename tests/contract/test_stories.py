"""Every recorded story, line by line: the same frames in the same order, the same silences, the same closes."""

from pathlib import Path

import pytest

from tests.contract.altered import altered
from tests.contract.recordings import Recording, folder, or_skip, stories, unknown_lines
from tests.contract.replay import Replay


@pytest.mark.parametrize("recording", or_skip(stories(), "stories"), ids=lambda found: getattr(found, "name", "none"))
def test_the_mock_answers_as_recorded(recording: Recording) -> None:
    """The mock in the version, server and mode of a recording answers each of its requests as it was answered."""
    tally = Replay(recording, recording.version).run()
    assert sum(tally.values())


def _short() -> list[Recording]:
    return [story for story in stories() if len(story.lines) < 40 and "platform call" not in story.about]


@pytest.mark.parametrize("recording", or_skip(_short(), "stories"), ids=lambda found: getattr(found, "name", "none"))
@pytest.mark.parametrize("days", [-97, 97])
def test_recordings_of_another_shop_and_day_do_as_well(
    recording: Recording, days: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing depends on the ids, the moments or the names of the files that we happen to have."""
    place = folder()
    assert place is not None
    text = (place / f"{recording.name}.jsonl").read_text(encoding="utf-8")
    (tmp_path / "other.jsonl").write_text(altered(text, days), encoding="utf-8")
    monkeypatch.setenv("PILITO_TRANSCRIPTS", str(tmp_path))
    (story,) = stories()
    assert story.lines != recording.lines
    assert sum(Replay(story, story.version).run().values())


def test_every_line_is_looked_at() -> None:
    """No line of a file of recordings is passed over because nobody knows what it is."""
    assert not unknown_lines()


def test_an_unknown_kind_of_line_is_an_error() -> None:
    """A line of a kind that nobody has thought of fails with its file, its number and what to do."""
    lines = [{"who": "a", "dir": "teleport", "frame": {}}]
    told = r"odd.jsonl, line 2: a line of the unknown kind 'teleport'; say in Replay._line of tests/contract/replay.py"
    with pytest.raises(AssertionError, match=told):
        Replay(Recording("odd", "HEAD", "daphne", lines=lines), "HEAD").run()


def test_a_file_of_no_known_form_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that is none of a story, a handshake or a sample is named, and so is one that lacks what it needs."""
    (tmp_path / "sample.jsonl").write_text('{"from": "x", "frame": {}, "version": "HEAD"}\n{"frame": {}}\n')
    (tmp_path / "story.jsonl").write_text('{"dir": "head", "who": "log"}\n{"who": "a"}\n')
    monkeypatch.setenv("PILITO_TRANSCRIPTS", str(tmp_path))
    told = unknown_lines()
    assert [line.partition(":")[0] for line in told] == ["sample.jsonl, line 2", "story.jsonl, line 2"]
    assert all("; give it " in line for line in told)
