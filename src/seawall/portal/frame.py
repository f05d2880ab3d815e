"""Templates become pages here. Every value is escaped, and one that is missing is an error, not an empty place."""

from __future__ import annotations

from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from seawall.portal.formats import short_digest

__all__ = ["ENVIRONMENT", "render"]

ENVIRONMENT: Final = Environment(
    loader=PackageLoader("seawall.portal"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
ENVIRONMENT.filters["short"] = short_digest


def render(template: str, **values: Any) -> str:  # noqa: ANN401 - templates know what they are given
    """Render a template."""
    return ENVIRONMENT.get_template(template).render(values)
