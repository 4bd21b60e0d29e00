"""What the command line prints for people: the JSON of `json_report` as lines.

Takes plain JSON values, gives lines as `terminal.say` prints them: one element a line, whatever characters it holds.
The numbers are those of the report, none is computed.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rollout_curator.selection.task_means import NOTE
from rollout_curator.words import counted, minus, short, unit_of

Json = dict[str, Any]

SHOWN_MAX = 12
HAZARDS_SHOWN = 5
UNREAD_SHOWN = 8


def check_text(found: Json) -> list[str]:
    """Return the check as a table and the problems below it, the first of each file."""
    rows = [("rollouts", "flagged", "skipped", "blank", "file")]
    for entry in found["files"]:
        counts = entry.get("counts")
        cells = [f"{counts[name]:,}" for name in ("rollouts", "flagged", "problems", "blank")] if counts else ["–"] * 4
        rows.append((cells[0], cells[1], cells[2], cells[3], entry["name"]))
    lines = [*_table(rows), "", *_store(found)]
    for entry in found["files"]:
        lines.extend(_complaints(entry))
    lines.extend(_passed_over(found))
    if len(found["files"]) > 1:
        lines.append(found["tasks_sentence"])
    total = found["total"]
    unit = unit_of(entry["layout"] for entry in found["files"] if "layout" in entry)
    lines.append(
        f"{counted(total['lines'], unit)} = {counted(total['rollouts'], 'rollout')} ({total['flagged']:,} flagged)"
        f" + {total['problems']:,} skipped + {total['blank']:,} blank"
    )
    return lines


def _passed_over(found: Json) -> Iterator[str]:
    """Yield one line for each reason why files of a folder were not read, with the first of them."""
    for one in found["passed_over_by_reason"]:
        n_more = one["n_files"] - len(one["names"])
        more = f" and {n_more:,} more" if n_more else ""
        yield f"skipped: {', '.join(one['names'])}{more} ({one['reason']})"


def _store(found: Json) -> Sequence[str]:
    """Return which review store counts, and which were passed over."""
    told: Sequence[str] = found.get("store", {}).get("sentences", ())
    return told


def _complaints(entry: Json) -> Iterator[str]:
    if entry["error"]:
        yield entry["error"]
        return
    name = entry["name"]
    for note in entry["notes"]:
        yield f"{name}: {note}"
    for line in unread_lines(entry["unread"]):
        yield f"{name}: {line}"
    runs = _runs({int(number): reason for number, reason in (*entry["bad"].items(), *entry["flag"].items())})
    for first, last, reason in runs[:SHOWN_MAX]:
        yield f"{name}:{first if first == last else f'{first}-{last}'}: {reason}"
    unit = unit_of([entry["layout"]])
    if len(runs) > SHOWN_MAX:
        n_more = sum(last - first + 1 for first, last, _ in runs[SHOWN_MAX:])
        yield f"{name}: … and {counted(n_more, f'more {unit}')} (see --json)"
    for first, last, count, reason in _by_reason(entry["ranges"]):
        yield f"{name}:{first}-{last}: {counted(count, f'more {unit}')}, not listed one by one: {reason}"


def _by_reason(ranges: Sequence[Json]) -> list[tuple[int, int, int, str]]:
    """Return counted ranges joined to one a reason: (first, last, count, reason)."""
    found: dict[str, tuple[int, int, int, str]] = {}
    for one in ranges:
        reason = one["reason"]
        first, _, count, _ = found.get(reason, (one["first"], 0, 0, reason))
        found[reason] = (first, one["last"], count + one["count"], reason)
    return list(found.values())


def _runs(reasons: Mapping[int, str]) -> list[tuple[int, int, str]]:
    """Return neighbouring lines with the same reason as (first, last, reason)."""
    runs: list[tuple[int, int, str]] = []
    for line in sorted(reasons):
        if runs and runs[-1][1] == line - 1 and runs[-1][2] == reasons[line]:
            runs[-1] = (runs[-1][0], line, reasons[line])
        else:
            runs.append((line, line, reasons[line]))
    return runs


def indexed_text(found: Json) -> list[str]:
    """Return one line per file."""
    rows = [("rollouts", "skipped", "blank", "file")]
    rows += [(f"{f['rollouts']:,}", f"{f['problems']:,}", f"{f['blank']:,}", f["name"]) for f in found["files"]]
    return [*_table(rows), *(item["error"] for item in found["refused"])]


def stats_text(found: Json) -> list[str]:
    """Return the statistics as text."""
    quantiles = "  ".join(f"{name} {minus(f'{value:g}')}" for name, value in found["reward"]["quantiles"].items())
    mean, ends = found["reward"]["mean"], found["reward"]["interval"]
    interval = f" (95% CI by task {minus(f'{ends[0]:.4g}–{ends[1]:.4g}')})" if ends else ""
    lines = [
        f"{counted(found['rollouts'], 'rollout')} of {counted(found['tasks'], 'task')}, {found['unrated']:,} without a "
        "reward,"
        f" {counted(found['copies'], 'duplicate')}",
        *([found["tasks_sentence"]] if len(found["by_source"]) > 1 else []),
        f"reward: mean {minus(f'{mean:.4g}')}{interval}  {quantiles}" if mean is not None else "reward: none",
        "common rewards: "
        + ", ".join(f"{minus(f'{value:g}')} ({count:,})" for value, count in found["reward"]["values"]),
        *(found["attempts"][name] for name in ("tasks", "counted")),
        f"generated tokens: {found['tokens']:,} (of {counted(found['tokens_estimated'], 'rollout')} estimated)",
        "",
    ]
    for title in ("agent", "source"):
        lines += [*_table(_group_rows(found[f"by_{title}"], title)), ""]
    lines += [f"omitted from the examples: {words}" for words in found["lost"]]
    lines += unread_lines({name: one["rollouts"] for name, one in found["unread"].items()})
    lines += [found["template"]] if found["template"] else []
    lines += [found["max_length"]["sentence"], *_ways(found["max_length"])] if _exceeds(found["max_length"]) else []
    for name, hazard in found.get("hazards", {}).items():
        places = ", ".join(hazard["rollouts"][:HAZARDS_SHOWN])
        more = ", ..." if hazard["count"] > HAZARDS_SHOWN else ""
        lines.append(f"{hazard['count']:,} {hazard['words']} ({name}): {places}{more}")
    return [
        *lines,
        *_comparison(found.get("comparison", [])),
        *_store(found),
        found["sentence"],
        *found.get("pairs_said", ()),
        *_cost(found.get("cost")),
    ]


def unread_lines(unread: Mapping[str, int]) -> list[str]:
    """Return a line for the keys that were not read."""
    if not unread:
        return []
    named = ", ".join(f"{name} in {counted(n, 'rollout')}" for name, n in list(unread.items())[:UNREAD_SHOWN])
    more = f", and {len(unread) - UNREAD_SHOWN:,} more" if len(unread) > UNREAD_SHOWN else ""
    return [f"not read: {named}{more} (--harmless NAME if a key holds no conversation)"]


def _cost(found: Json | None) -> list[str]:
    """Return what training costs, the agents with the largest share first."""
    if found is None:
        return []
    lines = ["", f"training: {found['sentence']}"]
    packs, steps = counted(found["packs"], "pack"), counted(found["steps_packed"], "step")
    lines.append(f"packed: about {packs}, {found['fill']:.0%} full, {steps}")
    asked = found["asked"]
    lines.append(f"asked: max length {asked['max_length']:,} tokens, batch size {asked['batch_size']:,}")
    lines += [
        f"{title}: {found[name]}"
        for title, name in (("over max length", "too_long"), ("warning", "no_step"))
        if found[name]
    ]
    total = max(1, sum(one["trained"] for one in found["agents"]))
    for title in ("agents", "tasks"):
        rows: list[tuple[str, ...]] = [("examples", "trained", "share", title)]
        for one in found[title]:
            rows.append((f"{one['rows']:,}", f"{one['trained']:,}", f"{one['trained'] / total:.1%}", one["name"]))
        lines += ["", *_table(rows)]
    return lines


def _comparison(selections: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return selections side by side, and what comes and goes from the first to each other."""
    if not selections:
        return []
    rows: list[tuple[str, ...]] = [("rollouts", "tasks", "tokens", "mean reward", "duplicates", "selection")]
    for one in selections:
        mean = "–" if one["mean_reward"] is None else short(one["mean_reward"])
        if one["reward_low"] is not None:
            mean += f" ({short(one['reward_low'])}–{short(one['reward_high'])})"
        counts = [f"{one[name]:,.0f}" for name in ("rollouts", "tasks", "tokens")]
        rows.append((*counts, mean, f"{one['duplicates']:,.0f}", one["name"]))
    changes = [f"{one['name']} vs current: {one['change']}; {one['shared']:,} in both" for one in selections[1:]]
    note = [f"means with {NOTE}"] if any(one["reward_low"] is not None for one in selections) else []
    return [*_table(rows), *note, *changes, ""]


def _group_rows(groups: Sequence[Mapping[str, Any]], title: str) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("rollouts", "kept", "mean reward", "tokens", title)]
    for group in groups:
        mean = "–" if group["mean_reward"] is None else short(group["mean_reward"])
        rows.append((f"{group['rollouts']:,}", f"{group['kept']:,}", mean, f"{group['tokens']:,}", group["name"]))
    return rows


def exported_text(found: Json) -> list[str]:
    """Return what was written and how to train on it."""
    return [
        found["sentence"],
        *(f"omitted from the examples: {words}" for words in found["lost"]),
        *found["notes"],
        *_ways(found["max_length"]),
        found["checks"]["sentence"],
        *_store(found),
        *_files(found),
        f"manifest {found['manifest']}",
        *(f"random baseline: {line}" for one in found.get("controls", ()) for line in (*_files(one), *one["notes"])),
        "",
        *found["config"].rstrip().split("\n"),
    ]


def _exceeds(length: Json | None) -> bool:
    return bool(length and length["exceed"])


def _ways(length: Json | None) -> list[str]:
    """Return what can be done about examples that exceed the limit, nothing where none does."""
    if not length or not _exceeds(length):
        return []
    raised = [f"raise it: --max-tokens {length['fits_all']}"] if length["fits_all"] else []
    return ["; ".join([*raised, "drop them: --drop over_length", "trim where possible: --trim over_length"])]


def diff_text(found: Json) -> list[str]:
    """Return what comes and goes between two selections, the first of each by name."""
    lines = [f"from {found['from']} to {found['to']}:"]
    for unit in ("rollouts", "tasks", "tokens"):
        counts = found[unit]
        came, went = (n if isinstance(n, int) else len(n) for n in (counts["came"], counts["went"]))
        lines.append(f"  {counts['before']:,} → {counts['after']:,} {unit} (+{came:,}, \u2212{went:,})")
    for sign, title in (("+", "came"), ("\u2212", "went")):
        rows = found[title]
        for row in rows[:SHOWN_MAX]:
            reward = "no reward" if row["reward"] is None else f"reward {minus(format(row['reward'], '.6g'))}"
            why = f" ({'before' if title == 'came' else 'now'}: {row['other']})" if row["other"] else ""
            lines.append(f"{sign} {row['where']}  task {row['task']}  {reward}  {row['tokens']:,} tokens{why}")
        if len(rows) > SHOWN_MAX:
            lines.append(f"{sign} {found['rollouts'][title] - SHOWN_MAX:,} more; --json lists the first 1,000")
    return [*lines, *dict.fromkeys(found["stores"])]


def _files(found: Json) -> list[str]:
    """Return every file that was written with its hash."""
    wrote = f"wrote {counted(found['rows'], 'pair' if 'pairs' in found else 'example')}"
    if len(found["files"]) == 1:
        place = f"to {found['out']}"
        return [f"{wrote}, {found['size_bytes']:,} bytes, {place}", f"sha256 {found['sha256']}"]
    head = f"{wrote} in {len(found['files'])} files"
    rows = [
        (f"{one['rows']:,}", f"{one['size_bytes']:,}", f"{one['file']}  sha256 {one['sha256']}")
        for one in found["files"]
    ]
    return [head, *_table([("examples", "bytes", "file"), *rows])]


def verified_text(found: Json) -> list[str]:
    """Return one line per check."""
    lines = [f"{_standing(c)} {c['claim']}: {c['detail']}" for c in found["checks"]]
    holds = (
        "OK: all checks passed" if all(c["known"] for c in found["checks"]) else "OK: all checks that could run passed"
    )
    return [*lines, holds if found["holds"] else "FAILED: some checks did not pass"]


def _standing(check: Json) -> str:
    return ("ok    " if check["known"] else "unsure") if check["holds"] else "FAILED"


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows with numbers aligned to the right and the last column, a name, as it is."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]) - 1)]
    numbers = ([cell.rjust(width) for cell, width in zip(row, widths, strict=False)] for row in rows)
    return ["  ".join([*cells, row[-1]]) for cells, row in zip(numbers, rows, strict=True)]
