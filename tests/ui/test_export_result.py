"""The end of the Export page: the folder that lacks, the card of a result, its downloads, what is folded."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from test_pages import opened, state_of

from making import gym, write
from rollout_curator.ui import loading
from rollout_curator.ui.pages import export_downloads
from rollout_curator.ui.server import site as sites
from rollout_curator.ui.server.serve_options import ServeOptions
from rollout_curator.ui.server.site import Site
from rollout_curator.workspace.workspace import Workspace

LONG = gym("Long.", "c" * 30_000, 0.5)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Open a short rollout of reward 1 and a long one of 0.5."""
    monkeypatch.setattr(loading, "PATIENCE_S", 30.0)
    source = write(tmp_path / "run.jsonl", [gym(), LONG])
    workspace = Workspace.open([source], tmp_path / "cache")
    yield sites.install(Site(ServeOptions(paths=(source,), out_dir=tmp_path), workspace))
    workspace.close()


def exported(site: Site, *, card: bool = False) -> AppTest:
    """Export everything and return the page with the result."""
    app = opened("export")
    if card:
        app.checkbox(key="rc.card").check().run()
    app.button(key="rc.export").click().run()
    assert site.export is not None
    assert site.export.wait(30)
    return app.run()


def result(app: AppTest) -> tuple[str, bool]:
    """Return the head of the card of a result and whether it is open."""
    (card,) = [one for one in app.expander if " Wrote " in one.label]
    return card.label.replace("\\", ""), card.proto.expanded


def offered(app: AppTest) -> list[str]:
    """Return what can be downloaded but the recipe, in order."""
    labels = [button.proto.label for button in app.get("download_button")]
    return [label for label in labels if label != "Download recipe"]


def test_the_result_is_a_card_that_says_when_and_stays_readable_folded(site: Site) -> None:
    app = exported(site)
    assert site.export
    head, is_open = result(app)
    size = (site.export.out).stat().st_size
    assert head.startswith(f"{site.export.ended:%H:%M} Wrote 2 examples, {size / 1000:.1f} kB")
    assert (head.endswith("verified 2 of 2"), is_open) == (True, True)
    state_of(app).recipe = replace(state_of(app).recipe, min_reward=0.8)
    app.run()
    assert result(app) == (head, False)
    assert any(block.value == str(site.export.out) for block in app.code)


def test_the_card_folds_when_what_is_written_beside_the_file_changes(site: Site) -> None:
    app = exported(site)
    app.checkbox(key="rc.report").check().run()
    assert not result(app)[1]
    app.checkbox(key="rc.report").uncheck().run()
    assert result(app)[1]


def test_only_what_was_written_can_be_downloaded(site: Site) -> None:
    assert offered(exported(site)) == [
        "curated.nemo_rl.jsonl",
        "curated.nemo_rl.jsonl.manifest.json",
        "Config (curated.nemo_rl.yaml)",
    ]
    assert "curated.nemo_rl.card.md" in offered(exported(site, card=True))


def test_a_download_holds_the_bytes_that_were_written(site: Site) -> None:
    exported(site)
    assert site.export and site.export.result
    held = export_downloads._bytes_of(site.export.result.path)
    assert hashlib.sha256(held).hexdigest() == site.export.result.sha256


def test_of_a_large_file_the_page_shows_the_path(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_downloads, "DOWNLOAD_BYTES", 10_000)
    app = exported(site)
    assert "curated.nemo_rl.jsonl" not in offered(app)
    assert site.export
    said = [caption.value.replace("\\", "") for caption in app.caption]
    assert [words for words in said if "too large to download" in words and words.endswith(str(site.export.out))]


def test_of_a_file_that_changed_or_is_gone_the_page_says_so(site: Site) -> None:
    app = exported(site)
    assert site.export
    site.export.out.write_bytes(b"other\n")
    said = [caption.value.replace("\\", "") for caption in app.run().caption]
    assert "curated.nemo_rl.jsonl was changed since this export." in said
    site.export.out.unlink()
    said = [caption.value.replace("\\", "") for caption in app.run().caption]
    assert "curated.nemo_rl.jsonl no longer exists." in said


def test_a_long_box_shows_its_first_lines_until_all_is_asked_for(site: Site) -> None:
    app = exported(site)
    (whole,) = [box for box in app.checkbox if box.label == "Show all"]
    assert not whole.value
    assert any("max_total_sequence_length" in block.value for block in app.code)


def test_where_the_folder_lacks_it_is_offered_to_create_it(site: Site, tmp_path: Path) -> None:
    app = opened("export")
    app.text_input[0].set_value(str(tmp_path / "new" / "deep" / "sft.jsonl")).run()
    assert app.button(key="rc.export").disabled
    assert app.warning[0].value.replace("\\", "") == (
        f"sft.jsonl cannot be written yet: folder {tmp_path}/new/deep does not exist."
    )
    app.button(key="rc.create-folder").click().run()
    assert (tmp_path / "new" / "deep").is_dir()
    assert not app.button(key="rc.export").disabled
    assert not [one.value for one in app.warning if "does not exist" in one.value]


def test_what_fails_stands_first_and_what_passed_is_folded(site: Site) -> None:
    app = opened("export")
    first = [link.proto.label for link in app.get("page_link") if "exceed" in link.proto.label]
    assert first[0].startswith(":red[**1** of 2 exceeds 1,024 tokens")
    assert [(one.label, one.proto.expanded) for one in app.expander if "without findings" in one.label] == [
        ("5 without findings, 5 not checked", False)
    ]


def test_options_and_split_are_a_sentence(site: Site) -> None:
    def said(app: AppTest) -> list[str]:
        return [text.value.replace("\\", "") for text in app.markdown if text.value.startswith(("**Opt", "**Split"))]

    app = opened("export")
    assert said(app) == [
        "**Options:** chat, reasoning omitted, arguments as objects",
        "**Split:** none, all in one file",
    ]
    app.segmented_control(key="rc.split").set_value("share").run()
    assert said(app)[1] == "**Split:** 90/10/0% train/validation/test, by task + prompt + near-duplicate prompt"


def test_the_kind_of_example_is_one_choice(site: Site) -> None:
    app = opened("export")
    kind = app.segmented_control(key="rc.rows")
    assert (kind.options, kind.value) == (["SFT chat", "SFT flat", "DPO pairs"], "chat")
    app.segmented_control(key="rc.rows").set_value("flat").run()
    assert (state_of(app).recipe.format, state_of(app).recipe.pairs) == ("flat", None)
    app.segmented_control(key="rc.rows").set_value("pairs").run()
    assert state_of(app).recipe.pairs is not None
    app.segmented_control(key="rc.rows").set_value("chat").run()
    assert (app.segmented_control(key="rc.rows").value, state_of(app).recipe.pairs) == ("chat", None)
