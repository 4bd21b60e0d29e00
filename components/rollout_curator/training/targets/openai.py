"""OpenAI: supervised fine-tuning of chat models over the API.

Read in OpenAI's OpenAPI description 2.3.0, `FineTuneChatRequestInput` (messages, tools, parallel_tool_calls,
functions; text and images only), its guides "Supervised fine-tuning" (at least 10 examples) and "Fine-tuning and tool
calling" (arguments as text, content may be null beside tool_calls). That an unknown key fails the file is what the
service's validation says; it is not written in the description. Names of functions are letters, digits, _ and -, at
most 64 (the description says so in words; `^[a-zA-Z0-9_-]{1,64}$` is the service's). That the same holds for the
`name` of a message, and that the id of a call has at most 40 characters (microsoft/autogen 6377, vercel/ai 5171), is
known of chat completions; that the validation of files asks it too is not verified.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rollout_curator.conversation import ChatOptions, FlatOptions
from rollout_curator.training.targets.base import LEFT_OUT, ConfigFacts, Judged, Target, absolute, literal

KEYS = {
    "system": {"role", "content", "name"},
    "developer": {"role", "content", "name"},
    "user": {"role", "content", "name"},
    "assistant": {"role", "content", "name", "tool_calls", "refusal", "weight"},
    "tool": {"role", "content", "tool_call_id"},
}
NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
ID_MAX = 40
"""Characters of the id that joins a call and its result."""
SAYS = (
    "The file is uploaded to OpenAI.",
    "One invalid record fails the whole file, and unknown keys count as invalid, so no extra columns are written.",
    "At least 10 examples are needed.",
    "All assistant messages are trained on, including those in the prompt, except those marked as not to be trained: "
    'they have "weight": 0. Option mask_prompt marks those in the prompt the same way.',
    "Arguments are JSON strings.",
    "Names of tools and of speakers have up to 64 letters, digits, _ and -, and call ids up to 40 characters; other "
    "examples are dropped.",
    "Reasoning is omitted, and so are tool names on tool results: they have no field.",
    "Images stay, as image_url parts; OpenAI drops examples with people, faces or captchas. Audio and video are "
    "omitted.",
    "The chat template is not public, so the trainer's view shows the messages and estimates.",
)
SCRIPT = """\
# The openai package; needs OPENAI_API_KEY. Save as train.py, then: python train.py
from openai import OpenAI

client = OpenAI()


def upload(path):
    with open(path, "rb") as file:
        return client.files.create(file=file, purpose="fine-tune").id


{note}job = client.fine_tuning.jobs.create(
    model="gpt-4.1-mini-2025-04-14",  # yours
    training_file=upload({path}),
{validation}    method={{"type": "supervised"}},
)
print(job.id, job.status)
"""


def config(facts: ConfigFacts) -> str:
    """Return a script that uploads the written file and begins a job."""
    validation = ""
    if facts.validation_path:
        validation = f"    validation_file=upload({literal(absolute(facts.validation_path))}),\n"
    return SCRIPT.format(path=literal(absolute(facts.path)), validation=validation, note=facts.length_note())


def judge(record: Mapping[str, Any]) -> Judged | None:
    """Return why the file would be refused for a record: keys, contents, arguments or names of another shape."""
    for n, message in enumerate(record["messages"]):
        unknown = message.keys() - KEYS.get(message["role"], set())
        if unknown:
            return Judged("refused_by_trainer", f"message {n + 1} has the key {min(unknown)}", n)
        if message["content"] is None and not message.get("tool_calls"):
            return Judged("refused_by_trainer", f"message {n + 1} has no content", n)
        if isinstance(message["content"], list) and not all(map(_is_part, message["content"])):
            return Judged("refused_by_trainer", f"message {n + 1} has parts other than text and images", n)
        for call in message.get("tool_calls", ()):
            if not isinstance(call["function"]["arguments"], str):
                return Judged("refused_by_trainer", f"the arguments of message {n + 1} are not text", n)
        if (why := next(_odd_names(message), None)) is not None:
            return Judged("refused_by_trainer", f"message {n + 1} {why}", n)
    for tool in record.get("tools") or ():
        if not _is_name(tool["function"].get("name")):
            return Judged("refused_by_trainer", f"a tool has the name {_shown(tool['function'].get('name'))}")
    last = record["messages"][-1] if record["messages"] else {"role": ""}
    return (
        None if last["role"] == "assistant" else Judged("refused_by_trainer", "does not end with an assistant message")
    )


def _odd_names(message: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the names and ids of a message."""
    if "name" in message and not _is_name(message["name"]):
        yield f"has the name {_shown(message['name'])}"
    for call in message.get("tool_calls", ()):
        if not _is_name(call["function"]["name"]):
            yield f"calls the tool {_shown(call['function']['name'])}"
    ids = [message.get("tool_call_id", ""), *(call["id"] for call in message.get("tool_calls", ()))]
    longest = max(map(len, ids))
    if longest > ID_MAX:
        yield f"has an id of {longest:,} characters, and {ID_MAX} are allowed"


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and NAME.fullmatch(name) is not None


def _shown(name: Any) -> str:
    return ascii(name[:80] if isinstance(name, str) else name)


def _is_part(part: Mapping[str, Any]) -> bool:
    return part.get("type") in ("text", "image_url", "refusal")


OPENAI = Target(
    name="openai",
    title="OpenAI",
    format="chat",
    flat=FlatOptions(marks="weight"),
    chat=ChatOptions(reasoning="drop", arguments="string", marks="weight", names="speakers"),
    exclude=LEFT_OUT | {"audio", "video", "file"},
    exclude_invalid=True,
    says=SAYS,
    config=config,
    config_kind="python",
    renders="itself",
    judge=judge,
    usual_is_safe=False,
    usual_limit=65536,
    limit_source="the guide Supervised fine-tuning, training examples context length of gpt-4.1 and gpt-4o",
    limit_is_fixed=True,
    too_long="truncates the example at the end",
    refuses_mixed_content=False,
    config_sets_steps=False,
    takes_metadata=False,
)
