"""`edgefashion data check`: what a source of labelled pictures holds, and what is wrong with it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgefashion.data.check import DataReport

HELP = "Check labelled pictures: counts, unreadable files, duplicates, leaks between splits."
CODES = "Exit code 0: it can be used, whatever was found. 1: it can't, or an error; told in one line on stderr."
EXAMPLE = "edgefashion data check photos/"

GROUPS_SHOWN = 8
SPLITS_SHOWN = ("train", "validation", "test")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    from edgefashion.data.sources import ACCEPTED

    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = actions.add_parser("check", help=HELP, description=f"{HELP} {CODES}", epilog=f"Example: {EXAMPLE}")
    check.add_argument("source", metavar="SOURCE", help=ACCEPTED)
    check.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    check.add_argument(
        "--report", metavar="FOLDER", type=Path, help="also write a page with the pictures found, and report.json"
    )
    check.add_argument("--overwrite", action="store_true", help="replace the report in FOLDER")


def run(arguments: argparse.Namespace) -> int:
    """Runs the verb; gives the exit code.

    Raises:
        DataError: The source can't be used (empty, one label only, nothing readable); what was found is printed first.
    """
    from edgefashion.commands import display
    from edgefashion.data.check import check
    from edgefashion.data.sources import open_source
    from edgefashion.errors import DataError

    if arguments.report is not None:
        from edgefashion.report.page import check_report_folder

        check_report_folder(arguments.report, arguments.overwrite)
    manifest = open_source(arguments.source)
    with display.progress(len(manifest.rows), "Reading pictures") as bar:
        report = check(manifest, bar.advance)
    if arguments.json:
        display.print_json({"source": arguments.source, "digest": manifest.digest, **report.to_dict()})
    else:
        display.table(["label", *SPLITS_SHOWN, "all", "groups"], label_rows(report), title=title(report))
        if any(number > 1 for number in report.groups.values()):
            display.table(["largest groups", "pictures", "share"], group_rows(report))
        display.table(["finding", "number", "for example"], finding_rows(report))
        if any(row[1] not in ("0", "1", "-") for row in finding_rows(report)):
            print("--json lists every picture of every finding.")
        for line in [*(f"Note: {note}." for note in report.notes), *(f"Warning: {text}." for text in report.warnings)]:
            print(line)
    if arguments.report is not None:
        from edgefashion.report.data_report import write_data_report

        page = write_data_report(report, manifest, arguments.report)
        if not arguments.json:
            print(f"Wrote {page}: open it in a browser.")
    if not report.usable:
        raise DataError(f"'{report.name}' can't be used: {'; '.join(report.problems)}.")
    return 0


def title(report: DataReport) -> str:
    """The table's title: what there is altogether."""
    return f"{report.name}: {report.pictures:,} pictures, {len(report.counts)} labels, {len(report.groups):,} groups"


def label_rows(report: DataReport) -> list[list[str]]:
    """One row a label, and the sum."""
    rows = []
    for label, counts in report.counts.items():
        numbers = [counts[split] for split in SPLITS_SHOWN]
        rows.append([label, *(f"{number:,}" for number in (*numbers, sum(numbers), report.label_groups.get(label, 0)))])
    sums = [sum(counts[split] for counts in report.counts.values()) for split in SPLITS_SHOWN]
    rows.append(["all", *(f"{number:,}" for number in (*sums, sum(sums), len(report.groups)))])
    return rows


def group_rows(report: DataReport) -> list[list[str]]:
    """The largest groups (contributors), one a row."""
    largest = list(report.groups.items())[:GROUPS_SHOWN]
    return [[group, f"{number:,}", f"{number / report.pictures:.1%}"] for group, number in largest]


def finding_rows(report: DataReport) -> list[list[str]]:
    """Everything that was looked for, found or not."""
    from edgefashion.data.picture_facts import KINDS

    first = next(iter(report.unreadable.items()), None)
    rows = [["unreadable", f"{len(report.unreadable):,}", f"{first[0]}: {first[1]}" if first else ""]]
    for kind, meaning in KINDS.items():
        paths = report.kinds.get(kind, ())
        rows.append([f"{kind}: {meaning}", f"{len(paths):,}", paths[0] if paths else ""])
    clusters = (
        ("exact duplicates", report.exact),
        ("near duplicates", report.near),
        ("duplicates with different labels", report.relabelled),
        ("leaks: duplicates across splits", report.leaking_pictures),
    )
    for what, found in clusters:
        if found is None:
            rows.append([what, "-", "not looked for in pictures as small as these"])
        else:
            rows.append([what, f"{len(found):,}", " = ".join(found[0][:2]) if found else ""])
    leaking = report.leaking_groups
    rows.append(["leaks: groups in several splits", f"{len(leaking):,}", leaking[0] if leaking else ""])
    return rows
