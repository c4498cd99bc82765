"""The page Supported Carts (S004, S018), made from what the adapters really can: `python -m cartui.cli.supported`."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from cartui.domain.ports import AdapterSpec, Capability

_HEAD = """# Supported carts

Made by `python -m cartui.cli.supported` from the adapters themselves: a capability stands here because the role is
there. What a cart can't do is greyed in the terminal, with the reason. Every kind of cart can have its connection
tested and its orders and items listed; the rest differs.
"""


def matrix(specs: Mapping[str, AdapterSpec]) -> str:
    """The page as Markdown, carts by title."""
    shown = sorted((spec for spec in specs.values() if not spec.hidden), key=lambda spec: spec.title)
    lines = [_HEAD, "| cart | type | " + " | ".join(cap.value for cap in Capability) + " |"]
    lines.append("|---|---|" + "---|" * len(Capability))
    for spec in shown:
        marks = " | ".join("yes" if cap in spec.capabilities else "–" for cap in Capability)
        lines.append(f"| [{spec.title}](carts/{spec.cart_type}.md) | `{spec.cart_type}` | {marks} |")
    lines.append("\n## Options of each kind of cart\n")
    lines.append("Given with `--option name=value` or in the set-up screen; secrets by reference, as the password.\n")
    for spec in shown:
        lines.append(f"**{spec.title}** · address: {spec.url_help} · secret: {spec.secret_title}\n")
        for option in spec.options:
            kind = "; ".join(
                word
                for word in (
                    "needed" if option.required else "",
                    "secret" if option.secret else "",
                    f"one of {', '.join(option.choices)}" if option.choices else "",
                    f"default {option.default}" if option.default else "",
                )
                if word
            )
            lines.append(f"- `{option.name}`{f' ({kind})' if kind else ''}: {option.help}")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    """Print the page of the built-in adapters."""
    from cartui.wiring import BUILT_IN, InstalledAdapters

    installed = InstalledAdapters()
    sys.stdout.write(matrix({name: installed[name] for name in BUILT_IN}))


if __name__ == "__main__":
    main()
