"""What the code cites is in the documents, and what the documents name is in the code."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
THEORY = (ROOT / "docs" / "theory.md").read_text(encoding="utf-8")
FOLDERS = ("ttt_theory", "derivations", "figures", "benchmarks", "examples", "tests")
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def sections():
    """Return the facts that each numbered section of theory.md lists, by the section's number."""
    parts = re.split(r"^## (\d+)\. ", THEORY, flags=re.MULTILINE)[1:]
    return {
        int(number): {int(fact) for fact in re.findall(r"^(\d+)\. \*\*", text, flags=re.MULTILINE)}
        for number, text in zip(parts[::2], parts[1::2], strict=True)
    }


def citations():
    """Yield every citation of theory.md: where it stands, and what follows the name."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path == Path(__file__):
                continue
            # A docstring may break a citation at the end of a line.
            text = re.sub(r"\s+(?:# )?", " ", path.read_text(encoding="utf-8"))
            for match in re.finditer(r"(?<!docs/)(?<![\w\"'])theory\.md(.{60})", text):
                yield pytest.param(match[1], id=f"{path.relative_to(ROOT)}:{match.start()}")


CITATIONS = list(citations())


def test_citations_are_found():
    assert len(CITATIONS) > 25
    facts = sections()[2]
    assert len(facts) > 6
    assert facts == set(range(1, len(facts) + 1))


@pytest.mark.parametrize("following", CITATIONS)
def test_a_citation_names_a_section_that_exists(following):
    cited = re.match(r", section (\d+)(?:, facts? (\d+)(?:(?:,| and) (\d+))*)?", following)
    assert cited, following
    section, *facts = (int(each) for each in re.findall(r"\d+", cited[0]))
    assert section in sections()
    assert set(facts) <= sections()[section], following


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_paths_in_a_document_exist(document):
    text = document.read_text(encoding="utf-8")
    folders = "|".join(FOLDERS)
    named = re.findall(rf"(?<![\w/.-])((?:{folders}|docs)/[\w./-]*\w)", text)
    assert named or document.name in {"benchmarks.md"}
    for name in named:
        assert (ROOT / name).exists(), name


def test_the_theory_names_every_claim():
    from ttt_theory.claims.registration import matching

    for claim in matching(["*"]):
        if claim.evidence[0].__module__.startswith("ttt_theory.linear"):
            assert f"**{claim.id}**" in THEORY, claim.id
