"""Trims Shopify's published Admin schema to what the adapter's documents use, so that it can be kept beside the tests.

The schema is published as introspection results in the npm package @shopify/dev-mcp (ISC licence), one a version:
    npm pack @shopify/dev-mcp && tar xzf shopify-dev-mcp-*.tgz
    python tests/adapters/samples/shopify/trim_schema.py package/dist/data/admin_2026-10.json.gz 2026-10
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import defaultdict
from pathlib import Path

from graphql import (
    ArgumentNode,
    FieldNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_client_schema,
    get_named_type,
    parse,
    visit,
)

from cartui.adapters.shopify.documents import every_document

HERE = Path(__file__).parent
PLAIN = {"String", "Int", "Boolean", "Float", "ID"}
INPUTS_DEEP = {"ProductSetInput", "ProductVariantSetInput", "ProductVariantsBulkInput", "InventorySetQuantitiesInput"}


class Uses(Visitor):
    """Which fields and arguments of which types the documents name."""

    def __init__(self, info: TypeInfo, schema: GraphQLSchema) -> None:
        super().__init__()
        self.info, self.schema = info, schema
        self.fields: dict[str, set[str]] = defaultdict(set)
        self.arguments: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.types: set[str] = set()

    def enter_field(self, node: FieldNode, *_: object) -> None:
        parent, field = self.info.get_parent_type(), self.info.get_field_def()
        if parent is None or field is None or node.name.value.startswith("__"):
            return
        names = [parent.name]
        if isinstance(parent, GraphQLInterfaceType):  # what implements it must have the field, too
            names += [one.name for one in self.schema.get_possible_types(parent)]
        for name in names:
            self.fields[name].add(node.name.value)
            arguments = {one.name.value for one in node.arguments or ()}
            arguments |= {arg for arg, told in field.args.items() if str(told.type).endswith("!")}
            self.arguments[name, node.name.value] |= arguments
        self.add(get_named_type(field.type))
        for name in self.arguments[parent.name, node.name.value]:
            self.add(get_named_type(field.args[name].type))

    def enter_argument(self, _node: ArgumentNode, *_: object) -> None:
        if argument := self.info.get_argument():
            self.add(get_named_type(argument.type))

    def enter_fragment_definition(self, node: object, *_: object) -> None:
        self.types.add(node.type_condition.name.value)  # type: ignore[attr-defined]

    def enter_inline_fragment(self, node: object, *_: object) -> None:
        self.types.add(node.type_condition.name.value)  # type: ignore[attr-defined]

    def add(self, kind: object) -> None:
        if kind.name in self.types:  # type: ignore[attr-defined]
            return
        self.types.add(kind.name)  # type: ignore[attr-defined]
        if isinstance(kind, GraphQLInputObjectType):
            for field in kind.fields.values():
                inner = get_named_type(field.type)
                if not isinstance(inner, GraphQLInputObjectType) or inner.name in WANTED_INPUTS:
                    self.add(inner)


WANTED_INPUTS = INPUTS_DEEP | {
    "InventoryQuantityInput", "InventoryItemInput", "ProductSetInventoryInput", "VariantOptionValueInput",
    "FulfillmentInput", "FulfillmentOrderLineItemsInput", "FulfillmentOrderLineItemInput", "FulfillmentTrackingInput",
    "OptionSetInput", "OptionValueSetInput", "CustomerInput", "MailingAddressInput",
}  # fmt: skip


def trim(schema: GraphQLSchema, documents: dict[str, str]) -> str:
    """The schema with nothing but what is used: enums whole, inputs with their plain fields and the wanted ones."""
    info = TypeInfo(schema)
    uses = Uses(info, schema)
    for text in documents.values():
        visit(parse(text), TypeInfoVisitor(info, uses))
    used = uses.types | set(uses.fields)
    parts = ["schema {\n  query: QueryRoot\n  mutation: Mutation\n}"]
    parts += ["directive @idempotent(key: String!) on FIELD"] * any(d.name == "idempotent" for d in schema.directives)
    for name in sorted(used - PLAIN):
        if text := _printed(schema.type_map[name], uses):
            parts.append(text)
    return "\n\n".join(parts) + "\n"


def _printed(kind: object, uses: Uses) -> str:
    if isinstance(kind, GraphQLScalarType):
        return f"scalar {kind.name}"
    if isinstance(kind, GraphQLEnumType):
        return _block(f"enum {kind.name}", sorted(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        wanted = {n: f for n, f in kind.fields.items() if get_named_type(f.type).name in uses.types | PLAIN}
        return _block(f"input {kind.name}", [f"{name}: {told.type}" for name, told in sorted(wanted.items())])
    if isinstance(kind, GraphQLUnionType):
        return f"union {kind.name} = " + " | ".join(sorted(one.name for one in kind.types if one.name in uses.types))
    assert isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
    word = "interface" if isinstance(kind, GraphQLInterfaceType) else "type"
    over = [one.name for one in kind.interfaces if one.name in uses.types]
    if "Node" in over:
        uses.fields[kind.name].add("id")
    fields = []
    for name in sorted(uses.fields[kind.name] & set(kind.fields)):
        told = kind.fields[name]
        names = sorted(uses.arguments[kind.name, name])
        arguments = ", ".join(f"{one}: {told.args[one].type}" for one in names)
        fields.append(f"{name}({arguments}): {told.type}" if arguments else f"{name}: {told.type}")
    if kind.name == "Node":
        fields = ["id: ID!"]
    return _block(f"{word} {kind.name}" + (f" implements {' & '.join(over)}" if over else ""), fields) if fields else ""


def _block(head: str, lines: list[str]) -> str:
    return "\n".join([f"{head} {{", *(f"  {line}" for line in lines), "}"])


def main(source: str, version: str) -> None:
    data = Path(source).read_bytes()
    told = json.loads(gzip.decompress(data) if source.endswith(".gz") else data)
    schema = build_client_schema(told.get("data", told), assume_valid=True)
    documents = every_document()
    if "idempotent" not in {one.name for one in schema.directives}:
        del documents["STOCK_SET"]
    head = (
        f"# Shopify Admin API {version}, trimmed by trim_schema.py. From @shopify/dev-mcp, ISC licence, see LICENSE.\n"
    )
    HERE.joinpath(f"admin_{version}.graphql").write_text(head + trim(schema, documents), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
