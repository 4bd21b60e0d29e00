"""Lines and records that are not rollouts: what each kind is called, and which are JSON objects of another sort."""

PROBLEM_WORDS = {
    "not_json": "not JSON",
    "several_objects": "several objects on one line",
    "cut": "incomplete",
    "not_object": "JSON, but not an object",
    "invalid_utf8": "not UTF-8",
    "too_deep": "nested too deeply",
    "too_long": "too long",
    "too_many_values": "too many values",
    "materialized_input": "task inputs (materialized inputs: no response, no reward)",
    "reward_profile": "reward profiles",
    "failure_record": "failure records",
    "not_read_yet": "records of a framework that is not read yet",
    "preference_pair": "preference pairs",
    "unrecognised": "unrecognized format",
}

OTHER_OBJECTS = (
    "materialized_input",
    "reward_profile",
    "failure_record",
    "not_read_yet",
    "preference_pair",
    "unrecognised",
)
"""Kinds that are whole objects, only not rollouts: they need a look, and nothing is broken."""
