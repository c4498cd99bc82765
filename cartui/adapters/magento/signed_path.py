"""The path that a signature is made over. Pure.

From 2.4.6 on Magento checks signatures with Laminas, which first writes the path its own way (laminas-uri, src/Uri.php:
normalizePath): some encoded characters become plain, so that a SKU with a slash, a comma or a plus has
another signature than the path that was sent. Up to 2.4.5 it is Zend's, which takes the path as it came.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_to_bytes

_ENCODED: Final = re.compile(r"%[0-9A-Fa-f]{2}")
_PLAIN: Final = re.compile(rb"[A-Za-z0-9_\-.~:@&=+$,/;%]")
_LONE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


def laminas_url(url: str) -> str:
    """The address as Laminas writes it; its query is left alone, as it is signed by its parameters."""
    path, mark, query = url.partition("?")
    return _LONE.sub("%25", _ENCODED.sub(_decoded, path)) + mark + query


def _decoded(match: re.Match[str]) -> str:
    octet = unquote_to_bytes(match[0])
    return octet.decode("ascii") if _PLAIN.fullmatch(octet) else match[0].upper()
