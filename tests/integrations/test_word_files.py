"""Word files as Markdown: headings, lists, tables, tracked changes; and bytes that are no Word file."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from time import process_time
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from docx import Document
from docx.oxml import parse_xml

from integrations.documents.formats import FORMATS, NotText

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_BY = 'w:id="1" w:author="Ada" w:date="2026-01-01T00:00:00Z"'


def word(build: Callable[[Any], object]) -> str:
    """What is read of a document that python-docx writes."""
    document = Document()
    build(document)
    packed = BytesIO()
    document.save(packed)
    return FORMATS[".docx"](packed.getvalue())


def paragraph(document: Any, inner: str) -> None:
    """A paragraph of this XML."""
    document.element.body.insert_element_before(parse_xml(f"<w:p {_W}>{inner}</w:p>"), "w:sectPr")


def run(text: str, properties: str = "") -> str:
    told = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f'<w:r>{told}<w:t xml:space="preserve">{text}</w:t></w:r>'


def lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line]


def test_headings_lists_and_text():
    def build(document: Any) -> None:
        document.add_heading("Kiosk", 0)
        document.add_heading("Needs", 1)
        document.add_paragraph("It must weigh:")
        document.add_paragraph("letters", style="List Bullet")
        document.add_paragraph("in grams", style="List Bullet 2")
        document.add_paragraph("boxes", style="List Number")
        document.add_heading("Later", 2)
        document.add_paragraph("- no item, but text")

    assert lines(word(build)) == [
        "# Kiosk", "## Needs", "It must weigh:", "- letters", "    - in grams", "- boxes", "### Later",
        "\\- no item, but text",
    ]  # fmt: skip


def test_items_of_one_list_stand_together_and_paragraphs_apart():
    def build(document: Any) -> None:
        for text, style in (("One", None), ("two", "List Bullet"), ("three", "List Bullet"), ("Four", None)):
            document.add_paragraph(text, style=style)

    assert word(build).strip("\n") == "One\n\n- two\n- three\n\nFour"


def test_a_table_keeps_its_cells():
    def build(document: Any) -> None:
        table = document.add_table(2, 2)
        for place, text in enumerate(("ID", "Text", "K-1", "a|b")):
            table.cell(place // 2, place % 2).text = text

    assert lines(word(build)) == ["| ID | Text |", "|---|---|", "| K-1 | a\\|b |"]


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        (run("It must ") + f"<w:ins {_BY}>{run('not ')}</w:ins>" + run("ring."), "It must not ring."),
        (
            run("It must ") + f"<w:del {_BY}><w:r><w:delText>not </w:delText></w:r></w:del>" + run("ring."),
            "It must ring.",
        ),
        (f"<w:del {_BY}>{run('not ')}</w:del>" + run("ring."), "ring."),
        (f"<w:moveFrom {_BY}>{run('Gone. ')}</w:moveFrom><w:moveTo {_BY}>{run('Here.')}</w:moveTo>", "Here."),
        (run("Keep ") + run("this", "<w:strike/>"), "Keep ~~this~~"),
        (run("a", "<w:strike/>") + run("b", "<w:strike/>"), "~~ab~~"),
        (run("Keep", '<w:strike w:val="0"/>'), "Keep"),
        (run("a") + "<w:r><w:br/></w:r>" + run("b") + "<w:r><w:tab/></w:r>" + run("c"), "a b c"),
    ],
)
def test_tracked_changes_are_accepted(inner: str, expected: str):
    assert lines(word(lambda document: paragraph(document, inner))) == [expected]


def test_a_row_that_was_deleted_is_gone():
    def build(document: Any) -> None:
        table = document.add_table(3, 1)
        for place, text in enumerate(("Text", "stays", "goes")):
            table.cell(place, 0).text = text
        table.rows[2]._tr.get_or_add_trPr().append(parse_xml(f"<w:del {_W} {_BY}/>"))

    assert lines(word(build)) == ["| Text |", "|---|", "| stays |"]


def zipped(**files: bytes) -> bytes:
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return packed.getvalue()


def saved() -> bytes:
    packed = BytesIO()
    Document().save(packed)
    return packed.getvalue()


def with_part(name: str, content: bytes) -> bytes:
    """A Word file in which one part is something else."""
    packed = BytesIO()
    with ZipFile(BytesIO(saved())) as old, ZipFile(packed, "w", ZIP_DEFLATED) as new:
        for each in old.infolist():
            new.writestr(each.filename, content if each.filename == name else old.read(each.filename))
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no Word file"),
        (b"# Markdown", "no Word file"),
        (b"PK\x03\x04 and no more", "no Word file"),
        (zipped(readme=b"hello"), "no Word file"),
        (saved()[:2_000], "no Word file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "encrypted, or of a Word older than 2007"),
        (zipped(word__document=b"0" * 61_000_000), "unpacks to more"),
        (with_part("word/document.xml", b"not xml"), "no Word file"),
        (with_part("word/document.xml", b"<a/>"), "no Word file"),
        (with_part("[Content_Types].xml", b"<broken"), "no Word file"),
        (with_part("word/_rels/document.xml.rels", b"<broken"), "no Word file"),
        (with_part("word/styles.xml", b"<broken"), "no Word file"),
    ],
)
def test_what_is_no_word_file_is_refused_with_a_reason(content: bytes, why: str):
    with pytest.raises(NotText, match=why):
        FORMATS[".docx"](content)


def test_entities_that_would_fill_memory_are_not_expanded():
    tenfold = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    text = "<w:body><w:p><w:r><w:t>&a9;</w:t></w:r></w:p></w:body>"
    body = f'<!DOCTYPE x [<!ENTITY a0 "aaaaaaaaaa">{tenfold}]><w:document {_W}>{text}</w:document>'.encode()
    with pytest.raises(NotText, match="no Word file"):
        FORMATS[".docx"](with_part("word/document.xml", body))


def test_a_long_document_is_read_in_time():
    def build(document: Any) -> None:
        for number in range(1_500):
            document.add_paragraph(f"Item {number}", style="List Bullet")
        began.append(process_time())

    began: list[float] = []
    assert len(lines(word(build))) == 1_500
    assert process_time() - began[0] < 5
