"""NeMo Gym: the messages that Gym's own converter gives, for comparing and for pipelines built on it.

Oracle: NVIDIA-NeMo/Gym, `nemo_gym/responses_converter.py` (0.5.1). Nothing is left out or repaired.
"""

from rollout_curator.conversation import GYM_OPTIONS, FlatOptions
from rollout_curator.training.targets.base import ConfigFacts, Target, quote

SAYS = (
    "The messages equal those of NeMo Gym's converter: reasoning inline in <think> tags, arguments as strings, "
    "content parts as lists, developer messages as they are.",
    "Nothing is dropped by default: truncated, masked and failed rollouts and examples that end with a tool message "
    "are exported.",
    "A lone surrogate stays, as an escape: Python's json reads it, orjson and Hugging Face datasets fail.",
    "Mixes list and text content, which Hugging Face datasets misreads.",
    "Many trainers cannot load this; for NeMo RL choose the target nemo_rl.",
)


def config(facts: ConfigFacts) -> str:
    """Return a comment in YAML: no trainer has a setting for this."""
    return (
        "# Messages as NeMo Gym's converter makes them, one example a line.\n"
        f"# file: {quote(facts.path)}\n"
        "# No trainer loads this file; for NeMo RL, export with the target nemo_rl.\n"
    )


GYM = Target(
    name="gym",
    title="NeMo Gym",
    format="chat",
    flat=FlatOptions(),
    chat=GYM_OPTIONS,
    exclude=frozenset(),
    exclude_invalid=False,
    says=SAYS,
    config=config,
    renders="itself",
    trains="",
    refuses_mixed_content=False,
    trains_prompt=False,
)
