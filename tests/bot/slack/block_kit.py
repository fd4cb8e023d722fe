"""Whether Slack would take a message or a view: rebuilt with `slackblocks`, and by what it does not know."""

from __future__ import annotations

import json
import re
from typing import Any

import slackblocks as kit
from slackblocks.rich_text import RichTextElement
from slackblocks.rich_text.elements import RichTextElementType

from bot.slack.render import SlackMessage

Json = dict[str, Any]

_HOME_TAKES = {"actions", "context", "header", "image", "rich_text", "section"}


def check_message(message: SlackMessage) -> None:
    """Fails with what Slack would refuse."""
    kit.Message("C1", message.text, [_rebuilt(block) for block in message.blocks])
    assert 0 < len(message.text) <= 4_000
    assert message.blocks
    assert _bytes(message.blocks) <= 12_500  # about 13,200 is refused, and Slack adds an id to each block
    assert sum(map(len, _texts(message.blocks))) <= 12_000
    tables = [block for block in message.blocks if block["type"] == "table"]
    assert len(tables) <= 1
    assert sum(map(len, _texts(tables))) <= 10_000
    _check_ids(message.blocks)


def check_home(view: Json) -> None:
    """Fails with what Slack would refuse as an App Home."""
    assert view.keys() == {"type", "blocks"}
    assert view["type"] == "home"
    assert {block["type"] for block in view["blocks"]} <= _HOME_TAKES
    kit.HomeTabView([_rebuilt(block) for block in view["blocks"]])
    assert view["blocks"]
    assert _bytes(view) <= 250_000
    _check_ids(view["blocks"])


def check_modal(view: Json) -> None:
    """Fails with what Slack would refuse as a modal."""
    allowed = {"type", "title", "blocks", "close", "submit", "private_metadata", "callback_id"}
    assert view.keys() <= allowed
    assert view["type"] == "modal"
    kit.ModalView(
        kit.Text.from_dict(view["title"]),
        [_rebuilt(block) for block in view["blocks"]],
        kit.Text.from_dict(view["close"]),
        kit.Text.from_dict(view["submit"]) if "submit" in view else None,
        view.get("private_metadata"),
        view.get("callback_id"),
    )
    assert view["title"]["text"].strip()
    assert view["blocks"]
    assert _bytes(view) <= 250_000
    ids = [block["block_id"] for block in view["blocks"] if "block_id" in block]
    assert len(ids) == len(set(ids))


def _bytes(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def _check_ids(blocks: Any) -> None:
    rows = [block["elements"] for block in blocks if block["type"] == "actions"]
    ids = [element["action_id"] for row in rows for element in row]
    assert len(ids) == len(set(ids))


def _texts(value: Any) -> list[str]:
    """Every text in the blocks that Slack counts."""
    if isinstance(value, dict):
        own = [value[key] for key in ("text", "alt_text", "fallback") if isinstance(value.get(key), str)]
        return own + [text for nested in value.values() for text in _texts(nested)]
    if isinstance(value, list | tuple):
        return [text for nested in value for text in _texts(nested)]
    return []


def _rebuilt(block: Json) -> kit.Block:
    """The block built anew with the checks of `slackblocks`; fails if it came out as another."""
    built = _BUILDERS[block["type"]](block)
    assert _plainly(built._resolve()) == _plainly(block)
    return built


def _plainly(value: Any) -> Any:
    """Without ids that were made up and without what is the default anyway."""
    if isinstance(value, dict):
        kept = {key: _plainly(nested) for key, nested in value.items() if nested is not False and nested != 0}
        if value.get("type") in _BUILDERS and value["type"] != "input":
            kept.pop("block_id", None)
        return kept
    return [_plainly(nested) for nested in value] if isinstance(value, list | tuple) else value


def _text(data: Json) -> kit.Text:
    assert data["type"] in ("plain_text", "mrkdwn")
    assert data["text"]
    assert data["type"] == "plain_text" or data["verbatim"] is True
    return kit.Text.from_dict(data)


def _context(block: Json) -> kit.Block:
    assert block["elements"]
    return kit.ContextBlock([_text(element) for element in block["elements"]])


def _section(block: Json) -> kit.Block:
    return kit.SectionBlock(fields=[_text(one) for one in block["fields"]])


def _actions(block: Json) -> kit.Block:
    assert block["elements"]
    buttons = []
    for element in block["elements"]:
        assert element["type"] == "button"
        assert element.get("style") in (None, "primary", "danger")
        keys = ("action_id", "value", "style", "accessibility_label")
        buttons.append(
            kit.Button(_text(element["text"]), **{key: element[key] for key in keys if key in element})
        )
    return kit.ActionsBlock(buttons)


def _thumbs(block: Json) -> kit.Block:
    made = []
    for element in block["elements"]:
        first, second = (
            kit.FeedbackButton(_text(one["text"]), one["value"], one["accessibility_label"])
            for one in (element["positive_button"], element["negative_button"])
        )
        made.append(kit.FeedbackButtons(first, second, element["action_id"]))
    return kit.ContextActionsBlock(made)


class _Date(kit.RichText):
    """The one kind of element that we use and `slackblocks` lacks."""

    def __init__(self, data: Json) -> None:
        RichTextElement.__init__(self, RichTextElementType.TEXT)
        assert data.keys() == {"type", "timestamp", "format", "fallback"}
        assert isinstance(data["timestamp"], int)
        assert data["format"]
        assert data["fallback"]
        self._data = data

    def _resolve(self) -> Json:
        return self._data


def _inline(element: Json) -> kit.RichText | kit.RichTextLink:
    match element["type"]:
        case "text":
            assert 0 < len(element["text"]) <= 3_000
            return kit.RichText(element["text"], **element.get("style", {}))
        case "link":
            assert element["url"].startswith("https://")
            assert len(element["url"]) <= 3_000
            return kit.RichTextLink(element["url"], element["text"])
        case "date":
            return _Date(element)
        case other:
            raise AssertionError(f"{other} can mention somebody")


def _rich_element(element: Json) -> kit.RichTextObject:
    match element["type"]:
        case "rich_text_section":
            return kit.RichTextSection([_inline(one) for one in element["elements"]])
        case "rich_text_quote":
            assert element["elements"]
            return kit.RichTextQuote([_inline(one) for one in element["elements"]])
        case _:
            sections = [_rich_element(one) for one in element["elements"]]
            return kit.RichTextList(element["style"], sections, offset=element.get("offset", 0))


def _rich_text(block: Json) -> kit.Block:
    return kit.RichTextBlock([_rich_element(element) for element in block["elements"]])


def _table(block: Json) -> kit.Block:
    assert len({len(row) for row in block["rows"]}) == 1
    for cell in (cell for row in block["rows"] for cell in row):
        assert cell.keys() == {"type", "text"}
        assert cell["text"]
    rows = [[kit.RawText(cell["text"]) for cell in row] for row in block["rows"]]
    return kit.TableBlock(rows, [kit.ColumnSettings(**one) for one in block["column_settings"]])


def _option_groups(element: Json) -> Json:
    if "option_groups" not in element:
        return {"options": _built_options(element["options"])}
    groups = [
        kit.OptionGroup(_text(group["label"]), _built_options(group["options"]))
        for group in element["option_groups"]
    ]
    return {"options": None, "option_groups": groups}


def _built_options(options: list[Json]) -> list[kit.Option]:
    assert all(option["text"]["text"] and option["value"] for option in options)
    return [kit.Option.from_dict(option) for option in options]


def _choice(element: Json) -> kit.Element:
    groups = element.get("option_groups", [element])
    offered = [option for group in groups for option in group["options"]]
    assert len({option["value"] for option in offered}) == len(offered)
    many, one = element.get("initial_options"), element.get("initial_option")
    assert many is None or (many and all(option in offered for option in many))
    assert one is None or one in offered
    kinds = {
        "checkboxes": kit.CheckboxGroup,
        "radio_buttons": kit.RadioButtonGroup,
        "static_select": kit.StaticSelectMenu,
        "multi_static_select": kit.StaticMultiSelectMenu,
    }
    made = kinds[element["type"]](element["action_id"], **_option_groups(element))
    # Set afterwards: slackblocks wants a group where there are groups, Slack one of their options.
    made.initial_options = _built_options(many or [])
    made.initial_option = _built_options([one])[0] if one else None
    return made


def _element(element: Json) -> kit.Element:
    action, begins = element["action_id"], element.get("initial_value")
    match element["type"]:
        case "plain_text_input":
            assert len(begins or "") <= element["max_length"]
            return kit.PlainTextInput(action, begins, element["multiline"], max_length=element["max_length"])
        case "number_input":
            assert begins is None or re.fullmatch(r"-?[0-9]+([.][0-9]+)?", begins)
            return kit.NumberInput(element["is_decimal_allowed"], action, begins)
        case "datepicker":
            return kit.DatePicker(action, element.get("initial_date"))
        case _:
            return _choice(element)


def _input(block: Json) -> kit.Block:
    return kit.InputBlock(
        _text(block["label"]),
        _element(block["element"]),
        block_id=block["block_id"],
        hint=_text(block["hint"]) if "hint" in block else None,
        optional=block["optional"],
    )


_BUILDERS = {
    "header": kit.HeaderBlock.from_dict,
    "image": kit.ImageBlock.from_dict,
    "context": _context,
    "section": _section,
    "actions": _actions,
    "context_actions": _thumbs,
    "rich_text": _rich_text,
    "table": _table,
    "input": _input,
}
