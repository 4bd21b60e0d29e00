"""Which keys of a message a chat template names, found in its syntax; nothing is run."""

from functools import lru_cache

import jinja2
import jinja2.ext
import jinja2.nodes
import jinja2.parser


class _Tags(jinja2.ext.Extension):
    """Passes over {% generation %} and its end."""

    tags = {"generation", "endgeneration"}  # noqa: RUF012  as Jinja wants it

    def parse(self, parser: jinja2.parser.Parser) -> list[jinja2.nodes.Node]:
        """Pass over one tag."""
        next(parser.stream)
        return []


@lru_cache(maxsize=32)
def named_on(variable: str, text: str) -> frozenset[str]:
    """Return every key that a template reads of a variable by name, or of what it reads of it; none of a faulty one."""
    try:
        tree = jinja2.Environment(extensions=[_Tags, jinja2.ext.loopcontrols]).parse(text)
    except (jinja2.TemplateError, RecursionError):
        return frozenset()
    found = set()
    for node in tree.find_all((jinja2.nodes.Getattr, jinja2.nodes.Getitem)):
        if _base(node) != variable:
            continue
        if isinstance(node, jinja2.nodes.Getattr):
            found.add(node.attr)
        elif isinstance(node, jinja2.nodes.Getitem) and isinstance(node.arg, jinja2.nodes.Const):
            found.add(str(node.arg.value))
    return frozenset(found)


def _base(node: jinja2.nodes.Node) -> str:
    while isinstance(node, jinja2.nodes.Getattr | jinja2.nodes.Getitem):
        node = node.node
    return node.name if isinstance(node, jinja2.nodes.Name) else ""
