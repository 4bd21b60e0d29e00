"""Words that follow a number read well after one, too; what was shown to be false is said nowhere any more.

And one word per thing: what people read of the program uses the words of the glossary and keeps the rules of the house.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollout_curator.cli.main import app
from rollout_curator.conversation import ISSUE_WORDS
from rollout_curator.words import said_of


@pytest.mark.parametrize(
    ("issue", "said"),
    [
        ("all_marked", "has all its answers marked as not to be trained"),
        ("unknown_tool", "calls a tool that was not offered"),
        ("template_error", "makes the chat template fail"),
        ("over_length", "exceeds the trainer's max length"),
        ("lost_tool_results", "continues after a tool call whose result is missing"),
        ("duplicate_call_id", "reuses the id of a pending tool call"),
        ("audio", "contains audio"),
        ("context_compacted", "had its context rewritten on the way, so the model never saw this conversation"),
        ("tail_after_assistant", "does not end with an assistant message"),
    ],
)
def test_words_of_an_issue_are_those_of_one_rollout(issue: str, said: str) -> None:
    assert said_of(1, ISSUE_WORDS[issue]) == said


def test_every_issue_has_words_for_one_rollout() -> None:
    same = sorted(issue for issue, words in ISSUE_WORDS.items() if said_of(1, words) == words)
    assert same == [  # had, would
        "dropped_empty_assistant",
        "final_tool_call",
        "refused_by_trainer",
        "skipped_by_trainer",
        "stripped_think",
        "trimmed_tail",
    ]


# Sentences that did not hold when they were simulated, as patterns; what stands instead is tested where it is made.

ROOT = Path(__file__).parents[1]
FALSE = (
    r"at least (\{[^{}]*\}|[\d.]+ ?%) good",  # of a threshold, without what it holds for
    r"(set|kept|pairs) (is|are) bad \(",
    r"make the rest better|sample no worse",
    r"clean (one|ones) (more )?(meets?|to meet)",
    r"sketch(es)? find|as far as sketches|near-duplicates that were found",
    r"trains no better|chose nothing|no better than (its|the) control",
    r"is often no better than drawing",
    r"in no pack and not trained on",
    r"accepted by hand|nobody looked at",
    r"(gave|said) (them )?on their own|as each gave them",
)


def texts() -> dict[str, str]:
    """Return all that people read of this program or in it, by file, with line ends as spaces."""
    files = [*ROOT.glob("components/**/*.py"), *ROOT.glob("components/**/*.js"), *ROOT.glob("sample_data/*.md")]
    files += [*ROOT.glob("sample_data/generator/*.*"), ROOT / "README.md", ROOT / "app.py"]
    return {str(file.relative_to(ROOT)): re.sub(r"\s+", " ", file.read_text("utf-8")) for file in files}


@pytest.mark.parametrize("pattern", FALSE)
def test_what_was_shown_to_be_false_is_said_nowhere(pattern: str) -> None:
    assert [file for file, text in texts().items() if re.search(pattern, text, re.IGNORECASE)] == []


def test_every_interval_of_a_mean_says_that_it_is_by_task() -> None:
    """Attempts at one task are alike; an interval that takes them as independent covers 63% at 50 tasks of 8."""
    found = [
        (file, sentence)
        for file, text in texts().items()
        if file.endswith((".py", ".md"))
        for sentence in re.findall(r"[^.\"]*\bmean\b[^.\"]*95 ?% (?:interval|CI)[^.\"]*", text)
        if "task" not in sentence
    ]
    assert found == []


# One word per thing, and the rules of the house: what no string that people may read says, and what stands instead.

PACKAGE = ROOT / "components" / "rollout_curator"
BANNED = {
    r"[\d}] %(?!\}|\w| ?\d)": "5%, without a space",
    r"\b(is|are|was|were|be) no (?!longer|more\b|\{)": "not a ...",
    r"\bthere (is|are) no\b": "... does not exist; no ...",
    r"exportable": "kept, the last number of the funnel",
    r"\bby hand\b": "in review",
    r"random controls?\b": "random baseline",
    r"\b(un)?rated\b": "without a reward",
    r"no measurement": "not a valid reward, invalid",
    r"rewards? parts?\b|parts? of the reward": "reward component",
    r"\bcut (off|short)\b": "truncated (a rollout), trimmed (an example), interrupted (an export)",
    r"\bleft out\b": "dropped (a rollout), omitted (a part of one), skipped (a file)",
    r"\bpassed over\b": "skipped",
    r"\bdata card": "dataset card",
    r"[Ii]dentical copies|\b(is|are) (a )?cop(y|ies)\b|\bcopies of": "duplicates",
    r"\bno rollouts\b(?! (found|of|with))": "not rollouts; no rollouts found",
    r"no known shape": "unrecognized format",
    r"too deep\b": "too deeply",
    r"half a surrogate": "lone surrogate",
    r"sound (or|and) video": "audio and video",
    r"worth a look": "flagged",
    r"(?<!%)% sure|\bhow sure\b": "95% confidence",
    r"to settle|until settled": "conflict, to resolve",
    r"\breads? at random|read one by one": "reviewed",
    r"\b(this|these) readers?\b": "reviewer",
    r"\b[Nn]obody\b": "not ... by anyone, no decisions",
    r"\bone (stops|looks|errs)\b": "you stop, you look",
    r"without a word": "silently",
    r"\bof (its|their|his|your) own\b": "its own ...",
    r"for want of": "out of ...",
    r"\bmake (it|that) first": "create",
    r"stood in": "in",
    r"\bgiven with the file": "exported with it",
    r"\btakes? (back|out)\b": "undo, remove",
    r"\bor (more|less)\b": "≥, ≤",
}
"""A pattern of words that are not used -> what is said instead."""
ALLOWED = {
    ("review/team.py", "by hand {}"): "a key of the memory, which nobody reads",
    (
        "sources/lines.py",
        "{} or more",
    ): "counts objects up to a limit: there is no sign for at least so many in a sentence",
    ("training/targets/nemo_rl.py", "tokens or more are fully masked"): "a sentence, not a condition",
}
"""Strings that say a banned word all the same, as (file, a part of it) -> why."""


def strings(file: Path) -> Iterator[tuple[int, str]]:
    """Yield every string of a module that holds a space, but for docstrings, with its line; values are left as {}."""
    tree = ast.parse(file.read_text("utf-8"))
    skip = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    skip |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        text = ""
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skip:
            text = node.value
        if " " in text:
            yield node.lineno, text


def rooms() -> list[str]:
    """Return every room of the package, and the modules that stand beside them."""
    return sorted({file.relative_to(PACKAGE).parts[0] for file in PACKAGE.rglob("*.py")})


def banned(file: str, text: str) -> list[str]:
    """Return the banned words of a string that stands in a file."""
    if any(file == where and part in text for where, part in ALLOWED):
        return []
    return [match[0] for pattern in BANNED if (match := re.search(pattern, text))]


@pytest.mark.parametrize("room", rooms())
def test_what_people_read_uses_the_words_of_the_glossary(room: str) -> None:
    files = [PACKAGE / room] if room.endswith(".py") else sorted((PACKAGE / room).rglob("*.py"))
    found = []
    for file in files:
        name = file.relative_to(PACKAGE).as_posix()
        found += [(name, line, words, text) for line, text in strings(file) for words in banned(name, text)]
    assert found == []


def test_the_help_of_every_command_uses_the_words_of_the_glossary() -> None:
    """What stands under the name of a command in `--help` is the docstring of a function, so no string of the scan."""
    helps = {name: one.help or "" for name, one in (("", app), *app.commands.items())}
    pattern = re.compile("|".join([*BANNED, r"\bproblems?\b"]))
    assert {name: found[0] for name, text in helps.items() if (found := pattern.search(text))} == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("at most 5 % of {} are bad", ["5 %"]),
        ("{} %", ["} %"]),
        ("{{% generation %}} 3 %}", []),
        ("{} is no number", ["is no "]),
        ("it is no longer there", []),
        ("12 rejected by hand", ["by hand"]),
        ("12 rejected in review, 5% of them invalid", []),
    ],
)
def test_a_banned_word_is_found_where_it_stands(text: str, said: list[str]) -> None:
    assert banned("x.py", text) == said


@pytest.mark.parametrize("place", ALLOWED, ids=str)
def test_every_exception_is_still_needed(place: tuple[str, str]) -> None:
    file, part = place
    said = [text for _, text in strings(PACKAGE / file) if part in text]
    assert said and all(any(re.search(pattern, text) for pattern in BANNED) for text in said)
