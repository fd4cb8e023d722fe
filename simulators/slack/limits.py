"""Block Kit's limits, as Slack's documents give them. A block that breaks one is refused by its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from simulators.slack import element_limits as elements
from simulators.slack import reading
from simulators.slack.calling import ApiError
from simulators.slack.element_limits import Complaints, text
from simulators.slack.records import Json

MOST_BLOCKS = {"message": 50, "modal": 100, "home": 100}
WHOLE_MESSAGE = 13_200
"""Characters of text in all blocks of a message together, near which Slack answers msg_blocks_too_long."""

LONGEST_TEXT = 40_000
LONGEST_UPDATE = 4_000

EVERYWHERE = {
    "section", "header", "divider", "image", "actions", "context", "input", "rich_text", "video",
}  # fmt: skip
ONLY_IN_MESSAGES = {"markdown", "table", "plan", "task_card", "context_actions", "file", "alert", "card"}


def check_message(args: Json, *, longest_text: int = LONGEST_TEXT) -> None:
    """Raises ApiError for a message that Slack does not take."""
    blocks = args.get("blocks") or []
    words = str(args.get("text") or "")
    markdown = str(args.get("markdown_text") or "")
    if not blocks and not words and not markdown and not args.get("attachments"):
        raise ApiError("no_text")
    if markdown and (blocks or words):
        raise ApiError("markdown_text_conflict")
    if len(words) > longest_text or len(markdown) > 12_000:
        raise ApiError("msg_too_long")
    check_blocks(blocks, "message")
    tables = sum(block.get("type") == "table" for block in blocks)
    if tables > 1:
        raise ApiError("invalid_attachments", response_metadata={"messages": ["only_one_table_allowed"]})
    if sum(map(len, reading.texts(blocks))) > WHOLE_MESSAGE:
        raise ApiError("msg_blocks_too_long")


def check_blocks(blocks: Any, surface: str) -> None:
    """Raises ApiError (`invalid_blocks`), which says where each limit is broken."""
    if not isinstance(blocks, list):
        raise ApiError("invalid_blocks_format")
    complaints = list(_complaints(blocks, surface))
    if complaints:
        messages = [f"[ERROR] {complaint}" for complaint in complaints]
        raise ApiError("invalid_blocks", errors=complaints, response_metadata={"messages": messages})


def check_view(view: Any, kind: str) -> None:
    """Raises ApiError for a modal (`modal`) or an App Home (`home`) that Slack does not take."""
    if not isinstance(view, dict) or view.get("type") != kind:
        raise ApiError("invalid_arguments", response_metadata={"messages": [f"view.type must be {kind}"]})
    complaints = list(_view_complaints(view, kind)) + list(
        _complaints(view.get("blocks"), kind, "/view/blocks")
    )
    if complaints:
        messages = [f"[ERROR] {complaint}" for complaint in complaints]
        raise ApiError("invalid_arguments", response_metadata={"messages": messages})


def _view_complaints(view: Json, kind: str) -> Complaints:
    if kind == "modal":
        yield from text(view.get("title"), 24, "/view/title", plain=True)
        for name in ("submit", "close"):
            if view.get(name) is not None:
                yield from text(view[name], 24, f"/view/{name}", plain=True)
        has_input = any(block.get("type") == "input" for block in view.get("blocks", []))
        if has_input and not view.get("submit"):
            yield "submit is needed where there are inputs [json-pointer:/view/submit]"
    for name, most in (("private_metadata", 3000), ("callback_id", 255), ("external_id", 255)):
        if len(str(view.get(name) or "")) > most:
            yield f"must be less than {most + 1} characters [json-pointer:/view/{name}]"


def _complaints(blocks: Any, surface: str, where: str = "/blocks") -> Complaints:
    if not isinstance(blocks, list):
        yield f"must be a list [json-pointer:{where}]"
        return
    if len(blocks) > MOST_BLOCKS[surface]:
        yield f"no more than {MOST_BLOCKS[surface]} items allowed [json-pointer:{where}]"
    named = [block["block_id"] for block in blocks if isinstance(block, dict) and block.get("block_id")]
    for name in sorted({name for name in named if named.count(name) > 1}):
        yield f"duplicate block_id {name} [json-pointer:{where}]"
    markdown = sum(len(block.get("text", "")) for block in blocks if block.get("type") == "markdown")
    if markdown > 12_000:
        yield f"markdown blocks: no more than 12000 characters together [json-pointer:{where}]"
    for number, block in enumerate(blocks):
        yield from _block(block, surface, f"{where}/{number}")


def _block(block: Any, surface: str, where: str) -> Complaints:
    kind = block.get("type") if isinstance(block, dict) else None
    allowed = EVERYWHERE | (ONLY_IN_MESSAGES if surface == "message" else set())
    if kind not in allowed:
        yield f"unsupported type: {kind} [json-pointer:{where}/type]"
        return
    if len(str(block.get("block_id") or "")) > 255:
        yield f"must be less than 256 characters [json-pointer:{where}/block_id]"
    check = CHECKS.get(kind)
    if check is not None:
        yield from check(block, where)


def _section(block: Json, where: str) -> Complaints:
    if not block.get("text") and not block.get("fields"):
        yield f"text or fields are needed [json-pointer:{where}]"
    if block.get("text"):
        yield from text(block["text"], 3000, f"{where}/text")
    fields = block.get("fields") or []
    if len(fields) > 10:
        yield f"no more than 10 items allowed [json-pointer:{where}/fields]"
    for number, entry in enumerate(fields):
        yield from text(entry, 2000, f"{where}/fields/{number}")
    if block.get("accessory"):
        yield from elements.check(block["accessory"], f"{where}/accessory")


def _header(block: Json, where: str) -> Complaints:
    yield from text(block.get("text"), 150, f"{where}/text", plain=True)


def _image(block: Json, where: str) -> Complaints:
    yield from elements.picture(block, where)
    if block.get("title"):
        yield from text(block["title"], 2000, f"{where}/title", plain=True)


def _held(most: int, check: Callable[[Json, str], Complaints]) -> Callable[[Json, str], Complaints]:
    def complain(block: Json, where: str) -> Complaints:
        held = block.get("elements") or []
        if not held:
            yield f"must have at least 1 item [json-pointer:{where}/elements]"
        if len(held) > most:
            yield f"no more than {most} items allowed [json-pointer:{where}/elements]"
        named = [one.get("action_id") for one in held if one.get("action_id")]
        if len(named) != len(set(named)):
            yield f"duplicate action_id [json-pointer:{where}/elements]"
        for number, element in enumerate(held):
            yield from check(element, f"{where}/elements/{number}")

    return complain


def _context_element(element: Json, where: str) -> Complaints:
    if element.get("type") == "image":
        yield from elements.picture(element, where)
    else:
        yield from text(element, 3000, where)


def _input(block: Json, where: str) -> Complaints:
    yield from text(block.get("label"), 2000, f"{where}/label", plain=True)
    if block.get("hint"):
        yield from text(block["hint"], 2000, f"{where}/hint", plain=True)
    element = block.get("element")
    if not isinstance(element, dict) or element.get("type") not in reading.CHOSEN | reading.TYPED | {
        "file_input"
    }:
        yield f"unsupported element [json-pointer:{where}/element]"
    else:
        yield from elements.check(element, f"{where}/element")


def _markdown(block: Json, where: str) -> Complaints:
    if not block.get("text"):
        yield f"must be more than 0 characters [json-pointer:{where}/text]"


def _table(block: Json, where: str) -> Complaints:
    rows = block.get("rows") or []
    if not 1 <= len(rows) <= 100:
        yield f"1 to 100 rows [json-pointer:{where}/rows]"
    for number, row in enumerate(rows):
        if not 1 <= len(row) <= 20:
            yield f"1 to 20 cells [json-pointer:{where}/rows/{number}]"
        for place, cell in enumerate(row):
            if cell.get("type") not in ("raw_text", "raw_number", "rich_text"):
                yield f"unsupported cell [json-pointer:{where}/rows/{number}/{place}]"
            if cell.get("type") == "raw_text" and not cell.get("text"):
                yield f"must be more than 0 characters [json-pointer:{where}/rows/{number}/{place}/text]"
    if len(block.get("column_settings") or []) > 20:
        yield f"no more than 20 items allowed [json-pointer:{where}/column_settings]"


def _plan(block: Json, where: str) -> Complaints:
    if not block.get("title"):
        yield f"must be more than 0 characters [json-pointer:{where}/title]"
    if len(block.get("tasks") or []) > 50:
        yield f"no more than 50 items allowed [json-pointer:{where}/tasks]"


CHECKS: dict[str, Callable[[Json, str], Iterator[str]]] = {
    "section": _section,
    "header": _header,
    "image": _image,
    "actions": _held(25, elements.check),
    "context": _held(10, _context_element),
    "context_actions": _held(5, elements.check),
    "input": _input,
    "markdown": _markdown,
    "table": _table,
    "plan": _plan,
}
