"""The fields of each object of the wire, as the protocol lists them: ``name:type``, with ``?`` where it may be null."""

from typing import Any, Final

from tests.contract.shapes import kind

CONVERSATION: Final = """id:string title:string? status:string customer:object? priority:number source:string
is_active:bool created_at:string updated_at:string last_message:object? unread_count:number"""
LAST_MESSAGE: Final = """id:string content:string type:string created_at:string feedback:string
feedback_comment:string feedback_at:string?"""
CUSTOMER: Final = """id:number first_name:string? last_name:string? username:string? email:string?
phone_number:string? description:string? source:string source_id:string profile_picture:string? created_at:string
updated_at:string tag:array"""
RICH_CUSTOMER: Final = "data:object"
TAG: Final = "id:number name:string"
RICH_TAG: Final = "created_at:string created_by:number?"
CUSTOMER_ROW: Final = """id:number first_name:string? last_name:string? username:string? email:string?
phone_number:string? source:string source_id:string profile_picture:string? created_at:string updated_at:string
conversations:array tags:array"""
NESTED: Final = """id:string title:string? status:string source:string priority:number is_active:bool
created_at:string updated_at:string last_message:object? unread_count:number"""
MESSAGE: Final = """id:string content:string type:string customer:object? conversation_id:string is_ai_response:bool
is_answered:bool created_at:string feedback:string feedback_comment:string feedback_at:string?"""
RICH_MESSAGE: Final = """message_type:string media_url:string? media_file:string? processing_status:string
transcription:string?"""
OPTION: Final = "value:string label:string"


def holds(value: dict[str, Any], *fields: str) -> bool:
    """Whether an object has these fields and no others, each of its type. Says which one where it has not."""
    types = dict(part.split(":") for text in fields for part in text.split())
    assert set(value) == set(types)
    for name, found in value.items():
        wanted = types[name]
        assert kind(found) == wanted.rstrip("?") or (found is None and wanted.endswith("?")), f"{name} is {found!r}"
    return True
