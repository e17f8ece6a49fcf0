"""How a frame of the mock differs from the recorded one. Ids, times and texts may; fields, types and counts may not."""

import re
from typing import Any


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NULLABLE = _words(
    """address age company created_by currency customer description email external_send_result feedback_at first_name
    last_login last_message last_name latest_token_expires_at media_file media_url next phone_number previous
    profile_picture source_id title transcription user username"""
)
"""Fields that the protocol lets be null: a null says nothing about what the other side may hold."""
EXACT = _words(
    """authenticated code count error error_code feedback has_next has_previous is_active is_ai_response is_answered
    label limit message_type offset page page_count page_size priority processing_status reason source status success
    total_pages type unread_count value"""
)
"""Fields whose value is a word or number of the protocol."""
FREE = re.compile(r"(customer|\.\d+)\.data$")
"""What a shop has stored in a customer, in no fixed form."""
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")


def kind(value: Any) -> str:
    """The JSON type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def differences(recorded: Any, mocked: Any, at: str = "frame", *, loose: bool = False) -> list[str]:
    """Sentences about what is not the same. ``loose`` lets values and the length of lists differ, types never."""
    name = at.rsplit(".", 1)[-1]
    ours, theirs = kind(mocked), kind(recorded)
    if ours != theirs:
        return [] if "null" in (ours, theirs) and name in NULLABLE else [f"{at} is {ours}, recorded as {theirs}"]
    if name == "filters":
        return [] if recorded == mocked else [f"{at} is {mocked!r}, recorded as {recorded!r}"]
    if theirs == "object":
        return _objects(recorded, mocked, at, loose)
    if theirs == "array":
        return _arrays(recorded, mocked, at, loose)
    if theirs == "string" and (written := TIME.fullmatch(recorded)):
        found = TIME.fullmatch(mocked)
        return [] if found and found[2] == written[2] else [f"{at} is {mocked!r}, recorded as {recorded!r}"]
    exact = name in EXACT and (not loose or at == "frame.type")
    if (exact or at == "frame.message") and recorded != mocked:
        return [f"{at} is {mocked!r}, recorded as {recorded!r}"]
    return []


def _objects(recorded: dict[str, Any], mocked: dict[str, Any], at: str, loose: bool) -> list[str]:
    if FREE.search(at):
        return []
    missing, added = sorted(set(recorded) - set(mocked)), sorted(set(mocked) - set(recorded))
    found = [f"{at} lacks {missing}"] if missing else []
    found += [f"{at} has {added}, which was not recorded"] if added else []
    for key in recorded.keys() & mocked.keys():
        found += differences(recorded[key], mocked[key], f"{at}.{key}", loose=loose)
    return found


def _arrays(recorded: list[Any], mocked: list[Any], at: str, loose: bool) -> list[str]:
    if not recorded or not mocked or not isinstance(recorded[0], dict):
        kinds = {kind(value) for value in mocked} - {kind(value) for value in recorded}
        return [f"{at} holds {sorted(kinds)}, which was not recorded"] if kinds and recorded else []
    in_view = at.count(".") == 1  # a list that the request was about
    if len(mocked) != len(recorded) and (not loose or (in_view and not (mocked and recorded))):
        return [f"{at} has {len(mocked)} rows, recorded were {len(recorded)}"]
    by_id = {row["id"]: row for row in recorded if "id" in row}
    found = []
    for number, row in enumerate(mocked):
        same = by_id.get(row.get("id"))
        known = same is not None
        model = same if same is not None else recorded[min(number, len(recorded) - 1)]
        found += differences(model, row, f"{at}.{number}", loose=loose or not known)
    return found
