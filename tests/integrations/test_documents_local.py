"""The local documents folder: found by any spelling, confined, bounded, text only."""

from __future__ import annotations

import hashlib
import os
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import pytest

from integrations.documents import (
    LARGEST_DOCUMENT,
    Documents,
    DocumentTooLarge,
    DocumentUnreadable,
    NoSuchDocument,
    OutsideFolder,
)
from integrations.documents.formats import FORMATS, LARGEST_FILES
from integrations.documents.vendors.local import LocalFolder
from integrations.pages import Part
from tests.integrations.pages_contract import Add, keeps_pages


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "documents"
    (inside / "old").mkdir(parents=True)
    (inside / "PRD-2025-Q1-Dashboard.md").write_text("# Dashboard\n", encoding="utf-8")
    (inside / "old" / "PRD-2024-Export.md").write_text("# Export\n", encoding="utf-8")
    (inside / "notes.pdf").write_bytes(b"%PDF")
    (tmp_path / "secret.md").write_text("secret", encoding="utf-8")
    return inside


async def test_names_are_those_of_readable_files_without_their_ending(folder: Path):
    assert (await LocalFolder(folder).names(Part())).items == ("PRD-2024-Export", "PRD-2025-Q1-Dashboard")


@pytest.mark.parametrize(
    "asked",
    [
        "PRD-2025-Q1-Dashboard",
        "prd-2025-q1-dashboard",
        "PRD-2025-Q1-DASHBOARD.MD",
        " PRD-2025-Q1-Dashboard.md ",
    ],
)
async def test_a_document_is_found_in_any_spelling(folder: Path, asked: str):
    document = await LocalFolder(folder).read(asked)
    assert (document.name, document.path) == ("PRD-2025-Q1-Dashboard", "PRD-2025-Q1-Dashboard.md")
    assert document.text == "# Dashboard\n"
    assert document.digest == hashlib.sha256(b"# Dashboard\n").hexdigest()


async def test_one_document_in_two_formats_is_told_apart_by_its_ending(folder: Path):
    (folder / "PRD-2025-Q1-Dashboard.txt").write_text("plain", encoding="utf-8")
    documents = LocalFolder(folder)
    both = ["PRD-2025-Q1-Dashboard.md", "PRD-2025-Q1-Dashboard.txt"]
    assert (await documents.names(Part())).items == ("PRD-2024-Export", *both)
    assert (await documents.read(both[1])).text == "plain"
    assert (await documents.read(both[0].lower())).text == "# Dashboard\n"
    with pytest.raises(NoSuchDocument, match="Did you mean"):
        await documents.read("PRD-2025-Q1-Dashboard")


async def test_a_word_file_may_be_larger_for_its_pictures_are_not_read(folder: Path):
    import docx

    made = docx.Document()
    made.add_paragraph("The page must show names.")
    made.save(str(folder / "small.docx"))
    packed = (folder / "small.docx").read_bytes()
    with ZipFile(folder / "pictures.docx", "w", ZIP_STORED) as larger, ZipFile(BytesIO(packed)) as small:
        for each in small.infolist():
            larger.writestr(each, small.read(each))
        larger.writestr("word/media/image1.png", bytes(3 * LARGEST_DOCUMENT))
    assert "The page must show names." in (await LocalFolder(folder).read("pictures")).text
    (folder / "huge.docx").write_bytes(bytes(LARGEST_FILES[".docx"] + 1))
    with pytest.raises(DocumentTooLarge, match="20,000,000"):
        await LocalFolder(folder).read("huge")


async def test_a_document_in_a_subfolder_is_found_by_name_and_by_path(folder: Path):
    by_name = await LocalFolder(folder).read("PRD-2024-Export")
    assert by_name.path == "old/PRD-2024-Export.md"
    assert await LocalFolder(folder).read("old/prd-2024-export.md") == by_name


async def test_two_documents_of_one_name_are_told_apart_by_path(folder: Path):
    (folder / "old" / "PRD-2025-Q1-dashboard.md").write_text("older", encoding="utf-8")
    assert "old/PRD-2025-Q1-dashboard" in (await LocalFolder(folder).names(Part())).items
    with pytest.raises(NoSuchDocument) as raised:
        await LocalFolder(folder).read("dashboard")
    assert set(raised.value.nearest) >= {"old/PRD-2025-Q1-dashboard", "PRD-2025-Q1-Dashboard"}


async def test_an_unknown_name_offers_the_nearest(folder: Path):
    with pytest.raises(NoSuchDocument) as raised:
        await LocalFolder(folder).read("PRD-2025-Q1-Dashbord")
    assert raised.value.nearest[0] == "PRD-2025-Q1-Dashboard"
    assert "Did you mean PRD-2025-Q1-Dashboard" in str(raised.value)


@pytest.mark.parametrize(
    "asked",
    ["../secret", "../secret.md", "old/../../secret.md", "/etc/passwd", "~/x.md", "..\\secret.md", "a\0b"],
)
async def test_nothing_outside_the_folder_is_read(folder: Path, asked: str):
    with pytest.raises(OutsideFolder):
        await LocalFolder(folder).read(asked)


async def test_a_link_out_of_the_folder_is_neither_listed_nor_read(folder: Path):
    (folder / "linked.md").symlink_to(folder.parent / "secret.md")
    (folder / "out").symlink_to(folder.parent)
    documents = LocalFolder(folder)
    assert "linked" not in (await documents.names(Part())).items
    for asked in ("linked", "linked.md"):
        with pytest.raises(OutsideFolder):
            await documents.read(asked)
    with pytest.raises((OutsideFolder, NoSuchDocument)):
        await documents.read("out/secret.md")


async def test_a_name_longer_than_any_file_is_simply_not_there(folder: Path):
    with pytest.raises(NoSuchDocument):
        await LocalFolder(folder).read("x" * 5000)


async def test_size_is_bounded(folder: Path):
    (folder / "big.md").write_bytes(b"a" * LARGEST_DOCUMENT)
    assert len((await LocalFolder(folder).read("big")).text) == LARGEST_DOCUMENT
    (folder / "big.md").write_bytes(b"a" * (LARGEST_DOCUMENT + 1))
    with pytest.raises(DocumentTooLarge):
        await LocalFolder(folder).read("big")


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\x00", b"\x89PNG\r\n\x1a\n", b"text\x00more", "é".encode("latin-1")]
)
async def test_what_is_not_text_is_said_to_be_unreadable(folder: Path, content: bytes):
    (folder / "junk.md").write_bytes(content)
    with pytest.raises(DocumentUnreadable, match=r"junk cannot be read as text"):
        await LocalFolder(folder).read("junk")


async def test_a_pipe_does_not_hang_the_reader(folder: Path):
    os.mkfifo(folder / "pipe.md")
    with pytest.raises(NoSuchDocument):
        await LocalFolder(folder).read("pipe")


async def test_line_ends_and_byte_order_mark_do_not_reach_the_text(folder: Path):
    (folder / "dos.md").write_bytes(b"\xef\xbb\xbf# A\r\nb\r")
    assert (await LocalFolder(folder).read("dos")).text == "# A\nb\n"


async def test_characters_that_hide_or_turn_text_are_left_out(folder: Path):
    (folder / "turned.md").write_text("a\u202eb\u2069 ad\u200bmin \x07bell\ttab\n", encoding="utf-8")
    assert (await LocalFolder(folder).read("turned")).text == "ab admin bell\ttab\n"


async def test_another_format_is_one_line_of_the_registry(folder: Path):
    documents = LocalFolder(folder, {**FORMATS, ".pdf": lambda content: f"# {len(content)} bytes"})
    assert (await documents.read("notes")).text == "# 4 bytes"


class DocumentsContract:
    """What every place of documents does; `documents` is one with three, and `add` puts one more into it."""

    async def test_names_come_in_pages(self, documents: Documents, add: Add) -> None:
        await keeps_pages(lambda after, limit: documents.names(Part(after, limit)), add, marked=False)

    @pytest.mark.parametrize("said", ["plan the export", "PRD 2026 Q2 Export", "exprot", "prd-2026-q2-exports"])
    async def test_the_one_that_is_named_is_found_first(self, documents: Documents, said: str) -> None:
        assert list(await documents.find(said, 1)) == ["PRD-2026-Q2-Export"]

    async def test_no_more_are_found_than_are_asked_for(self, documents: Documents) -> None:
        assert len(await documents.find("the PRD", 2)) == 2
        assert list(await documents.find("zebra", 2)) == list(await documents.find("export", 0)) == []


class TestLocalDocuments(DocumentsContract):
    @pytest.fixture
    def documents(self, tmp_path: Path) -> Documents:
        for name in ("PRD-2026-Q1-SSO", "PRD-2026-Q2-Export", "PRD-2026-Q3-Search"):
            (tmp_path / f"{name}.md").write_text("# A document\n")
        return LocalFolder(tmp_path)

    @pytest.fixture
    def add(self, tmp_path: Path) -> Add:
        async def written(number: int) -> None:
            (tmp_path / f"{'AZ'[number % 2]}-{number}.md").write_text("# Later\n")

        return written
