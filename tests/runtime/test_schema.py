"""Our tables of the TFLite schema agree with the schema's own generated code."""

import inspect
import re

import pytest

from edgefashion.runtime.flatbuffer_check import SCHEMA
from edgefashion.runtime.operators import OPERATORS

schema = pytest.importorskip("ai_edge_litert.schema_py_generated")

BYTES = {"Bool": 1, "Uint8": 1, "Int8": 1, "Uint16": 2, "Int32": 4, "Uint32": 4, "Float32": 4, "Int64": 8, "Uint64": 8}


def fields_of(table: str) -> dict[int, str]:
    """Read the kinds of a table's fields from its generated accessors: field number → kind as in `SCHEMA`."""
    source = inspect.getsource(getattr(schema, table))
    fields = {}
    for name, body in re.findall(r"    def (\w+)\(self.*?\):\n(.*?)(?=\n    # |\n    def |\Z)", source, re.DOTALL):
        slot = re.search(r"self\._tab\.Offset\((\d+)\)", body)
        if slot is None or name.endswith(("AsNumpy", "Length", "IsNone")):
            continue
        inner = re.search(r"obj = (\w+)\(\)", body)
        if "self._tab.String(o" in body:
            kind = "s"
        elif "self._tab.Union" in body or "obj = Table(" in body:
            kind = "U"
        elif "self._tab.Vector(o)" in body:
            scalar = re.search(r"number_types\.(\w+)Flags, a", body)
            kind = f"[{inner[1]}" if inner else f"v{BYTES[scalar[1]]}" if scalar else "?"
        elif "Indirect(o" in body and inner:
            kind = inner[1]
        else:
            scalar = re.search(r"number_types\.(\w+)Flags, o", body)
            kind = str(BYTES[scalar[1]]) if scalar else "?"
        fields[(int(slot[1]) - 4) // 2] = kind
    return fields


@pytest.mark.parametrize("table", SCHEMA)
def test_tables(table: str) -> None:
    real = fields_of(table)
    ours = {number: kind for number, kind in enumerate(SCHEMA[table]) if kind}
    assert ours
    if table == "Model":  # buffers outside of the file are refused as unknown fields
        real = {number: kind for number, kind in real.items() if number in ours}
    assert ours == real


@pytest.mark.parametrize("code", OPERATORS)
def test_operators(code: int) -> None:
    operator = OPERATORS[code]
    assert getattr(schema.BuiltinOperator, operator.name) == code
    if not operator.options_type:
        return
    names = {number: name for name, number in vars(schema.BuiltinOptions).items() if isinstance(number, int)}
    real = fields_of(names[operator.options_type])
    for number, option in enumerate(operator.options):
        expected = "4" if option.kind == "f" else option.kind
        retired = names[operator.options_type] == "ResizeBilinearOptions" and number < 2
        assert retired or real[number] == expected, f"{operator.name} option {number}"
    assert set(real) <= set(range(len(operator.options))) | ({5} if operator.name == "FULLY_CONNECTED" else set())
