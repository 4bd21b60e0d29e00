"""The selection becomes training files with their manifest, and a manifest is checked against the files it names.

`choice` works out what is written, `writing` writes it, `verifying` makes it again and compares, `remaking` writes it
again from the manifest alone. They stream: a batch of rollouts is in memory at a time.
"""

from rollout_curator.export.card_facts import pair_notes
from rollout_curator.export.choice import Chosen, choose
from rollout_curator.export.controls import check_exports, export_with_controls, exports_of
from rollout_curator.export.costing import cost_of, length_check, usual
from rollout_curator.export.losses import count_issues, left_out, left_out_said, left_out_words, unread
from rollout_curator.export.overwrite_guard import Foreign, LineGuard, foreign, targets_of
from rollout_curator.export.paths import check_out, usual_card, usual_report
from rollout_curator.export.progress import ExportProgress
from rollout_curator.export.remaking import Remade, remake
from rollout_curator.export.settings import Settings, command_of
from rollout_curator.export.stream import first_line
from rollout_curator.export.trainer_config import says_of
from rollout_curator.export.training_checks import TrainingChecks, check_training
from rollout_curator.export.verifying import verify
from rollout_curator.export.writing import Exported, export

__all__ = [
    "Chosen",
    "ExportProgress",
    "Exported",
    "Foreign",
    "LineGuard",
    "Remade",
    "Settings",
    "TrainingChecks",
    "check_exports",
    "check_out",
    "check_training",
    "choose",
    "command_of",
    "cost_of",
    "count_issues",
    "export",
    "export_with_controls",
    "exports_of",
    "first_line",
    "foreign",
    "left_out",
    "left_out_said",
    "left_out_words",
    "length_check",
    "pair_notes",
    "remake",
    "says_of",
    "targets_of",
    "unread",
    "usual",
    "usual_card",
    "usual_report",
    "verify",
]
