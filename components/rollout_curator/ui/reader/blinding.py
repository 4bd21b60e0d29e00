"""What a blind reader must not know before deciding: left out of what the server sends, not only of what is shown.

Rewards, what else a verifier said, what the rules make of a rollout and what others decided stay hidden until the
reviewer of the view has decided; then all of it is sent.
"""

from typing import Any, TypeVar, cast

from rollout_curator.decisions.store import Decision
from rollout_curator.review import summary
from rollout_curator.ui.reader.messages import Attempt
from rollout_curator.ui.reader.views import View

Json = dict[str, Any]
Shown = TypeVar("Shown", bound=Attempt)
NOT_YET = "Blind review: hidden until you decide, because it contains the reward."
_TOLD = ("reward", "rewardNote", "components", "kept", "dropReason", "decision")


def is_hidden(view: View, key: str) -> bool:
    """Say whether a content is read blind in this view and its reviewer has not decided this content."""
    if not view.is_blind(key):
        return False
    own = summary.verdicts(view.workspace).own.get(view.reviewer, {}).get(key)
    return own is None or own.verdict == "clear"


def conceal(view: View, entry: Shown) -> Shown:
    """Return what may be sent of a rollout; `blind` marks what was left out of."""
    if not is_hidden(view, entry["key"]):
        return entry
    shown: Json = {name: value for name, value in entry.items() if name not in _TOLD}
    shown["flags"] = [flag for flag in entry["flags"] if "reward" not in flag and "rated" not in flag]
    if "example" in entry and "reward" in view.plan.metadata:
        shown["example"] = {**shown["example"], "text": NOT_YET, "line": "", "starts": []}
    shown |= {"reward": None, "rewardNote": "", "components": [], "decision": None, "blind": True}
    return cast(Shown, shown)


def decision_for(view: View, key: str, decision: Decision | None) -> Decision | None:
    """Return the standing decision as far as the reviewer may know it."""
    return None if is_hidden(view, key) else decision
