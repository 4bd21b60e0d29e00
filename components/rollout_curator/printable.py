"""Names and texts of others, made fit to be printed, hashed, put into a path or into a shell: the one place for it.

A file name is any bytes but `/` and NUL, up to 255 of them; Python holds those that are not UTF-8 as half surrogate
pairs, which nothing can encode. It may hold line breaks, escape codes of a terminal and characters that turn text
around, and so may a note, a reason, a reviewer's name, an agent or the words of a library about a broken file.
Knows nothing of where names come from and of what is printed.
"""

import hashlib
import os
import re
import shlex
from pathlib import Path
from typing import Any

NAME_BYTES = 255
"""So long a file name may be on the disks in use."""
SENTENCE_CHARS, _HEAD_CHARS = 4_000, 3_000
"""So long a message may be; what to do next stands at its end."""
_DIGEST_CHARS, _SUFFIX_BYTES = 12, 32
_BREAKS = re.compile(r"\s*[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+\s*")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def shown(name: object) -> str:
    """Return a name or text on one line in which every character can be seen, printed and encoded.

    What cannot is an escape, `\\n`, `\\x1b`, `\\u202e`, and `\\xff` for a byte that is no UTF-8. What is shown stays as
    it is when it is shown again.
    """
    text = os.fsdecode(name) if isinstance(name, bytes) else str(name)
    return text if text.isprintable() else "".join(map(_escaped, text))


def spaced(text: object) -> str:
    """Return text for a label or a cell: as it is shown, but every kind of space and break is a space."""
    return "".join(" " if character.isspace() else _escaped(character) for character in str(text))


def sentence(text: object) -> str:
    """Return words that may stand on several lines, such as those of a library, as one that can be shown."""
    return shown(_BREAKS.sub(" ", str(text).strip()))


def brief(text: str) -> str:
    """Return a sentence that fits on a screen, whatever it quotes: one that is too long loses its middle."""
    return text if len(text) <= SENTENCE_CHARS else f"{text[:_HEAD_CHARS]} ... {text[_HEAD_CHARS - SENTENCE_CHARS :]}"


def in_json(text: str, encoding: str = "utf-8") -> str:
    """Return JSON that can command no terminal: what cannot be seen or encoded is an escape that reads as the same."""
    if text.isascii():
        return text
    seen = "".join(map(_json_escaped, text)) if not text.isprintable() else text
    return "".join(c if is_encodable(c, encoding) else _json_escape(c) for c in seen) if encoding != "utf-8" else seen


def encodable(value: Any) -> Any:
    """Return a JSON value whose texts can be encoded; only those that hold half a surrogate pair change."""
    if isinstance(value, str):
        return value if is_encodable(value) else shown(value)
    if isinstance(value, dict):
        return {encodable(key): encodable(one) for key, one in value.items()}
    return [encodable(one) for one in value] if isinstance(value, list | tuple) else value


def replace_surrogates(text: str) -> str:
    """Return text that any program takes: half a surrogate pair becomes a question mark."""
    return text.encode("utf-8", errors="replace").decode("utf-8")


def is_encodable(text: str, encoding: str = "utf-8") -> bool:
    """Say whether a text can be sent as it is."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def digest(*names: object) -> str:
    """Return a hash of names, whatever characters they hold; different names have different ones."""
    joined = "\0".join(map(str, names))
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()


def beside(path: Path, before: str = "", after: str = "", *, spare: int = 0) -> Path:
    """Return a file beside another, named after it: a lock, a draft, a manifest.

    A name that would be longer than a file may have gets a hash of itself in place of its end, but for short suffixes;
    `spare` bytes are left free for what a library adds.
    """
    name, most = path.name, NAME_BYTES - len(before) - len(after) - spare
    if _n_bytes(name) > most:
        suffixes = "".join(path.suffixes)
        tail = f"~{digest(name)[:_DIGEST_CHARS]}{suffixes if _n_bytes(suffixes) <= _SUFFIX_BYTES else ''}"
        while _n_bytes(name) > most - _n_bytes(tail):
            name = name[:-1]
        name += tail
    return path.with_name(f"{before}{name}{after}")


def shell(words: list[str]) -> str:
    """Return words as a command line to copy and run; only words that cannot be seen need bash or zsh."""
    return " ".join(shlex.quote(word) if _is_seen(word) else _ansi_quoted(word) for word in words)


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    if character in _SHORT:
        return _SHORT[character]
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escaped(character: str) -> str:
    return character if character.isprintable() or character == "\n" else _json_escape(character)


def _json_escape(character: str) -> str:
    return "".join(f"\\u{int.from_bytes(pair, 'big'):04x}" for pair in _pairs(character.encode("utf-16-be")))


def _pairs(written: bytes) -> list[bytes]:
    return [written[at : at + 2] for at in range(0, len(written), 2)]


def _is_seen(word: str) -> bool:
    return word.replace("\n", "").isprintable()


def _ansi_quoted(word: str) -> str:
    """Return a word as bash and zsh quote what cannot be seen: byte by byte."""
    written = word.encode("utf-8", "surrogateescape")
    return "$'" + "".join(_ansi(byte) for byte in written) + "'"


def _ansi(byte: int) -> str:
    if chr(byte) in "\\'":
        return f"\\{chr(byte)}"
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}"


def _n_bytes(name: str) -> int:
    try:
        return len(os.fsencode(name))
    except UnicodeEncodeError:  # no file can have such a name; whoever opens it is told
        return len(name.encode("utf-8", "surrogatepass"))
