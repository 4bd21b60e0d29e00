"""What a blind reader must not know before deciding: left out of what the server sends, not only of what is shown.

Rewards, what else a verifier said, what the rules make of a rollout and what others decided stay hidden until the
reviewer of the view has decided; then all of it is sent.
"""

from typing import Any

from rollout_curator.decisions.store import Decision
from rollout_curator.review import summary
from rollout_curator.ui.reader.views import View

Json = dict[str, Any]
NOT_YET = "Blind reading: this holds the reward, and is shown once you have decided."
_TOLD = ("reward", "rewardNote", "components", "kept", "dropReason", "decision")


def is_hidden(view: View, key: str) -> bool:
    """Say whether a content is read blind in this view and its reviewer has not decided this content."""
    if not view.is_blind(key):
        return False
    own = summary.verdicts(view.workspace).own.get(view.reviewer, {}).get(key)
    return own is None or own.verdict == "clear"


def conceal(view: View, entry: Json) -> Json:
    """Return what may be sent of a rollout; `blind` marks what was left out of."""
    if not is_hidden(view, entry["key"]):
        return entry
    shown = {name: value for name, value in entry.items() if name not in _TOLD}
    shown["flags"] = [flag for flag in entry["flags"] if "reward" not in flag and "rated" not in flag]
    if "example" in entry and "reward" in view.plan.metadata:
        shown["example"] = {**entry["example"], "text": NOT_YET, "line": "", "starts": []}
    return {**shown, "reward": None, "rewardNote": "", "components": [], "decision": None, "blind": True}


def decision_for(view: View, key: str, decision: Decision | None) -> Decision | None:
    """Return the standing decision as far as the reviewer may know it."""
    return None if is_hidden(view, key) else decision
