from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mappings
from integration.errors import MappingError
from mappings import Mappings, ReasonRow, RejectReasons, RejectRow, ReturnReasons, SkuRow, Skus, dump, load

REASONS_HEADER = (
    "mirakl_return_reason,reveni_return_reason,disposition,mirakl_refund_reason,shipping_refund,location,note"
)
PUBLISHED_RETURN_REASONS = {
    "RETURN_BROKEN_ITEM", "RETURN_CHANGED_MIND", "RETURN_COUNTERFEIT_ITEM", "RETURN_DAMAGED_PACKAGING",
    "RETURN_DEFECTIVE_ITEM", "RETURN_DELIVERED_PRODUCT_DIFFERENT", "RETURN_MISSING_ITEM", "RETURN_OTHER",
    "RETURN_CM_DONT_WANT", "RETURN_CM_DONT_LIKE", "RETURN_CM_QUALITY", "RETURN_DPD_WRONG_SIZE",
    "RETURN_DPD_WRONG_COLOR", "RETURN_DEFECTIVE_ON_ARRIVAL", "RETURN_PRODUCT_DOES_NOT_FIT",
    "RETURN_PDNT_TOO_BIG", "RETURN_PDNT_TOO_SMALL", "RETURN_INACCURATE_ITEM_DESCRIPTION", "RETURN_WARRANTY",
}  # fmt: skip

CODES = st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), min_size=1, max_size=8).filter(
    lambda code: code == code.strip()
)
REASONS = st.lists(
    st.builds(
        ReasonRow,
        mirakl_return_reason=CODES,
        reveni_return_reason=CODES,
        mirakl_refund_reason=CODES,
        location=CODES,
        note=st.text(),
    ),
    unique_by=lambda row: row.mirakl_return_reason,
    max_size=4,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    dump(load(mappings.FOLDER), tmp_path)
    return tmp_path


def problems_of(folder: Path) -> list[str]:
    with pytest.raises(MappingError) as invalid:
        load(folder)
    return invalid.value.problems


def test_the_files_that_come_with_backhaul_cover_every_published_code() -> None:
    shipped = load(mappings.FOLDER)
    assert {row.mirakl_return_reason for row in shipped.return_reasons.rows} == PUBLISHED_RETURN_REASONS
    assert {row.reveni_reject_reason for row in shipped.reject_reasons.rows} == {
        "defect",
        "wrong_product",
        "change_of_mind",
        "delay",
    }
    assert shipped.skus.rows == ()
    assert (mappings.FOLDER / "return_reasons.csv").read_text().splitlines()[0] == REASONS_HEADER


def test_the_version_follows_the_content_of_every_file(folder: Path) -> None:
    version = load(folder).version
    assert load(folder).version == version
    for file in folder.iterdir():
        content = file.read_bytes()
        file.write_bytes(content + b"\n")
        assert load(folder).version != version
        file.write_bytes(content)
    assert load(folder).version == version


def test_a_file_saved_by_a_spreadsheet_reads_the_same(folder: Path) -> None:
    plain = load(folder)
    file = folder / "reject_reasons.csv"
    lines = file.read_text().splitlines()
    header, *rows = [",".join(reversed(line.split(","))) for line in lines]
    file.write_bytes(b"\xef\xbb\xbf" + "\r\n".join([header, "", *rows, ""]).encode())
    assert load(folder).reject_reasons == plain.reject_reasons


def test_every_problem_of_every_file_is_said_at_once_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "return_reasons.csv").write_text(
        f"{REASONS_HEADER}\n"
        'RETURN_OTHER,other,inspect,17,none,shelf,"a note\nof two lines"\n'
        "RETURN_OTHER,other,sell,,none, shelf,\n"
        "RETURN_WARRANTY,warranty,inspect\n"
        "RETURN_WARRANTY,warranty,inspect,17,none,shelf,,\n"
    )
    (tmp_path / "reject_reasons.csv").write_text("reveni_reject_reason,note,,note\n")
    (tmp_path / "skus.csv").write_text("reveni_sku,mirakl_offer_sku,bigcommerce_sku\nA,1,\nA,2,X\nB,2,X \n,3,\n,4,\n")
    assert problems_of(tmp_path) == [
        "return_reasons.csv, line 4, column disposition: Input should be 'restock', 'inspect' or 'quarantine'"
        " (found 'sell')",
        "return_reasons.csv, line 4, column mirakl_refund_reason: is empty (found '')",
        "return_reasons.csv, line 4, column location: has blanks around it (found ' shelf')",
        "return_reasons.csv, line 4, column mirakl_return_reason: RETURN_OTHER stands on line 2 already",
        "return_reasons.csv, line 5, column mirakl_refund_reason: there are 3 cells for 7 columns",
        "return_reasons.csv, line 6, column note: there are 8 cells for 7 columns",
        "reject_reasons.csv, line 1, column mirakl_non_compliance_reason: is missing",
        "reject_reasons.csv, line 1, column note: is not a column of this file",
        "reject_reasons.csv, line 1, column 3: is not a column of this file",
        "reject_reasons.csv, line 1, column note: is not a column of this file",
        "skus.csv, line 3, column reveni_sku: A stands on line 2 already",
        "skus.csv, line 4, column bigcommerce_sku: has blanks around it (found 'X ')",
        "skus.csv, line 4, column mirakl_offer_sku: 2 stands on line 3 already",
        "skus.csv, line 5, column reveni_sku: is empty (found '')",
        "skus.csv, line 6, column reveni_sku: is empty (found '')",
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "skus.csv, line 1, column reveni_sku: is missing"),
        (b"reveni_sku,reveni_sku,mirakl_offer_sku,bigcommerce_sku\n", "column reveni_sku: stands twice"),
        (b"reveni_sku,mirakl_offer_sku,bigcommerce_sku\nA,\xe9,\n", "skus.csv, line 2: is not UTF-8"),
        (
            b'reveni_sku,mirakl_offer_sku,bigcommerce_sku\nA,"1,\n',
            "skus.csv, line 2: is not CSV (unexpected end of data)",
        ),
    ],
)
def test_a_file_that_cannot_be_read_at_all_says_where(folder: Path, content: bytes, problem: str) -> None:
    (folder / "skus.csv").write_bytes(content)
    assert problem in problems_of(folder)[0]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    problems = problems_of(tmp_path)
    assert [problem.split(" cannot be read ")[0] for problem in problems] == [
        str(tmp_path / file) for file in ("return_reasons.csv", "reject_reasons.csv", "skus.csv")
    ]


@settings(deadline=None)
@given(
    reasons=REASONS,
    rejects=st.lists(
        st.builds(RejectRow, reveni_reject_reason=CODES),
        unique_by=lambda row: row.reveni_reject_reason,
        max_size=4,
    ),
    skus=st.lists(
        st.builds(SkuRow, reveni_sku=CODES, mirakl_offer_sku=CODES, bigcommerce_sku=CODES | st.just("")),
        unique_by=(lambda row: row.reveni_sku, lambda row: row.mirakl_offer_sku),
        max_size=4,
    ),
    strict=st.booleans(),
)
def test_what_is_dumped_is_what_is_loaded(
    reasons: list[ReasonRow], rejects: list[RejectRow], skus: list[SkuRow], strict: bool
) -> None:
    tables = Mappings(
        ReturnReasons(tuple(reasons)), RejectReasons(tuple(rejects)), Skus(tuple(skus), strict=strict), "any"
    )
    with TemporaryDirectory() as name:
        folder = Path(name)
        dump(tables, folder)
        loaded = load(folder, strict_skus=strict)
        dump(loaded, folder)
        assert load(folder, strict_skus=strict) == loaded
    assert (loaded.return_reasons, loaded.reject_reasons, loaded.skus) == (
        tables.return_reasons,
        tables.reject_reasons,
        tables.skus,
    )


@pytest.mark.parametrize("unseen", ["\u200b", "\ufeff", "\u202e", "\u00a0", "\u00ad", "\u2028", "\x00"])
def test_a_character_that_nobody_sees_is_refused_with_its_place(folder: Path, unseen: str) -> None:
    """X6: the code looks like Mirakl's, and would match nothing."""
    table = folder / "reject_reasons.csv"
    lines = table.read_text().splitlines()
    lines[1] = lines[1].replace(lines[1][1], lines[1][1] + unseen, 1)
    table.write_text("\n".join(lines) + "\n")
    with pytest.raises(MappingError) as refused:
        load(folder)
    assert "reject_reasons.csv, line 2, column reveni_reject_reason" in str(refused.value)
