"""How the made-up PrestaShop reads filters and writes JSON and XML, as the real one does byte for byte."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.sax.saxutils import escape

Row = dict[str, Any]


def passes(value: Any, asked: str) -> bool:
    """SQLUtils::getSQLRetrieveFilter; equality is MySQL's: without case, and without blanks at the end."""
    texts = [str(one) for one in value.values()] if isinstance(value, dict) else [str(value)]
    match = re.fullmatch(r"(.*)\[(.*)\](.*)", asked, re.DOTALL)
    if match is None:
        return any(_same(text, asked) for text in texts)
    before, inner, after = match.groups()
    numeric = all(re.fullmatch(r"-?\d+", text) for text in texts)
    if before == ">":
        return any(int(t) > int(inner) if numeric else t > inner for t in texts)
    if before == "<":
        return any(int(t) < int(inner) if numeric else t < inner for t in texts)
    if "%" in (before, after):
        like = "".join({"%": ".*", "_": "."}.get(sign, re.escape(sign)) for sign in before + inner + after)
        return any(re.fullmatch(like, text, re.DOTALL | re.IGNORECASE) for text in texts)
    if before or after:
        return True  # the shop knows no such filter and leaves it out
    if (span := re.fullmatch(r"([\d.:\-\s]+),([\d.:\-\s]+)", inner)) is not None:
        low, high = sorted(span.groups())
        return any(low <= text <= high for text in texts)
    return any(_same(text, one) for text in texts for one in inner.split("|"))


def _same(one: str, other: str) -> bool:
    return one.rstrip(" ").casefold() == other.rstrip(" ").casefold()


def read_field(field: Any) -> Any:
    if field.findall("language"):
        return {one.get("id"): one.text or "" for one in field}
    return field.text or ""


def render_json(data: Any) -> bytes:
    return json.dumps(data).encode()


def render_errors(errors: list[tuple[int, str]], as_json: bool) -> bytes:
    if as_json:
        return render_json({"errors": [{"code": code, "message": message} for code, message in errors]})
    inner = "".join(
        f"<error>\n<code><![CDATA[{c}]]></code>\n<message><![CDATA[{m}]]></message>\n</error>\n" for c, m in errors
    )
    return f"{_HEAD}<errors>\n{inner}</errors>\n</prestashop>\n".encode()


_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<prestashop xmlns:xlink="http://www.w3.org/1999/xlink">\n'


def render_xml(data: Any, node: str) -> bytes:
    if isinstance(data, dict) and "index" in data:
        rows = "".join(_xml_rights(name, rights) for name, rights in data["index"].items())
        return f'{_HEAD}<api shopName="Test shop">\n{rows}</api>\n</prestashop>\n'.encode()
    ((name, rows),) = data.items() if data else ((node, []),)
    if isinstance(rows, dict):
        return f"{_HEAD}{_xml_row(node, rows)}</prestashop>\n".encode()
    return f"{_HEAD}<{name}>\n{''.join(_xml_row(node, row) for row in rows)}</{name}>\n</prestashop>\n".encode()


def _xml_rights(name: str, rights: Row) -> str:
    told = " ".join(f'{one}="{str(has).lower()}"' for one, has in rights.items())
    return f"<{name} {told}>\n<description>x</description></{name}>\n"


def _xml_row(node: str, row: Row) -> str:
    fields = "".join(
        f"\t<{name}>{_xml_value(value)}</{name}>\n" for name, value in row.items() if name != "associations"
    )
    groups = "".join(_xml_group(name, rows) for name, rows in row.get("associations", {}).items())
    return f"<{node}>\n{fields}<associations>{groups}</associations>\n</{node}>\n"


def _xml_group(name: str, rows: list[Row]) -> str:
    inner = "".join("<x>" + "".join(f"<{k}>{_cdata(v)}</{k}>" for k, v in one.items()) + "</x>" for one in rows)
    return f'<{name} nodeType="x">{inner}</{name}>'


def _xml_value(value: Any) -> str:
    if isinstance(value, list):
        return "".join(f'<language id="{one["id"]}">{_cdata(one["value"])}</language>' for one in value)
    return _cdata(value)


def _cdata(value: Any) -> str:
    text = "" if value in (None, False) else str(value)
    return f"<![CDATA[{text}]]>" if "]]>" not in text else escape(text)
