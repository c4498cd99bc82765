"""One file or package per kind of cart, found by the entry points of the group `cartui.adapters`.

Adapters know neither the books nor each other.
"""
