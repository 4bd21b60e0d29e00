"""The shapes that messages, calls, results, tools and marks are recorded in, made one: the items `conversation` knows.

Every reader of a format hands what it finds through here. Whatever stands in a message and was not read is named
(`key_tracker`), so that no adapter can pass over content in silence. Knows no files, no trainers and no options.
Shape of what comes out: Responses items (`message`, `function_call`, `function_call_output`, `reasoning`, others as
they were) and chat-shaped messages with `role`, `content`, `tool_calls`, `tool_call_id`, `name`, `reasoning_content`;
an assistant's may carry `train: False`, and any may carry `unread`, the keys nobody read.
"""
