"""Read a pickle as data: a small stack machine that builds containers and calls nothing.

`pickle.Unpickler` runs whatever a file asks for, and even a restricted one allocates what a hostile file asks for (a
memo slot of 2**31 is enough). This reader walks the opcodes with `pickletools.genops`, accepts only those that
framework checkpoints use, and turns every call into an inert `Call(name, arguments)` record that the caller interprets.
Nothing is imported, called or set by the file.

Source of the opcodes: the documentation of Python's `pickletools` module.
"""

import io
import pickletools
import warnings
from dataclasses import dataclass
from typing import Any

MAX_OPCODES = 2_000_000
"""A checkpoint needs about 40 opcodes per tensor; the limit bounds the time and memory of a hostile file."""

MAX_NUMBER_BYTES = 16
"""Longest integer accepted, in bytes (torch's magic number has 10)."""


class PickleRefusedError(Exception):
    """The pickle is damaged, or asks for something that plain data does not need."""


@dataclass(frozen=True)
class Name:
    """A global that the pickle names (`module` and `name`), not imported."""

    module: str
    name: str


@dataclass(frozen=True)
class Call:
    """A call that the pickle asks for: `target` with `arguments`. It is recorded, never made."""

    target: Name
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class PersistentId:
    """A reference to something stored outside the pickle (torch: a storage)."""

    value: Any


class _Mark:
    """The stack marker of the pickle format."""


_MARK = _Mark()

ORDERED_DICT = Name("collections", "OrderedDict")

_CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_LITERALS = {"BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE"}
_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_IGNORED = {"PROTO", "FRAME"}


class _Machine:
    """The stack and memo of one pickle."""

    def __init__(self, names: frozenset[Name]) -> None:
        """Args: names, the globals that the pickle may mention; any other is refused."""
        self.names = names
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def pop(self) -> Any:
        """Return the top of the stack. Raises PickleRefusedError on an empty stack or a stray marker."""
        if not self.stack or self.stack[-1] is _MARK:
            raise PickleRefusedError("the stack is empty where a value is needed")
        return self.stack.pop()

    def top(self, kind: type[Any]) -> Any:
        """Return the top of the stack without removing it, which must be of `kind`."""
        if not self.stack or not isinstance(self.stack[-1], kind):
            raise PickleRefusedError(f"a {kind.__name__} is needed on the stack")
        return self.stack[-1]

    def since_mark(self) -> list[Any]:
        """Remove and return everything above the last marker, and the marker."""
        for index in range(len(self.stack) - 1, -1, -1):
            if self.stack[index] is _MARK:
                values = self.stack[index + 1 :]
                del self.stack[index:]
                return values
        raise PickleRefusedError("a marker is missing")

    def set_items(self, values: list[Any]) -> None:
        """Put alternating keys and values into the dictionary on top. Keys are strings: other hashes may recurse."""
        target = self.top(dict)
        if len(values) % 2:
            raise PickleRefusedError("a dictionary key has no value")
        for key, value in zip(values[::2], values[1::2], strict=True):
            if not isinstance(key, str):
                raise PickleRefusedError(f"dictionary keys must be strings, received {type(key).__name__}")
            target[key] = value

    def name(self, module: Any, name: Any) -> Name:
        """Return the `Name` if it is allowed. Raises PickleRefusedError otherwise."""
        found = Name(str(module)[:80], str(name)[:80]) if isinstance(module, str) and isinstance(name, str) else None
        if found is None or found not in self.names:
            asked = repr(f"{found.module}.{found.name}") if found else "a global that is not named by two strings"
            raise PickleRefusedError(f"it asks for {asked}, which plain weights do not need")
        return found

    def reduce(self) -> None:
        """Replace target and arguments on the stack by an inert record; an OrderedDict() becomes a dict."""
        arguments = self.pop()
        target = self.pop()
        if not isinstance(target, Name) or not isinstance(arguments, tuple):
            raise PickleRefusedError("it calls something that is not a plain name")
        if target == ORDERED_DICT:
            if arguments not in ((), ([],)):
                raise PickleRefusedError("it makes an OrderedDict with arguments")
            self.stack.append({})
        else:
            self.stack.append(Call(target, arguments))

    def step(self, opcode: str, argument: Any) -> None:
        """Run one opcode. Raises PickleRefusedError for one that data does not need."""
        stack = self.stack
        if opcode in _LITERALS:
            if isinstance(argument, int) and argument.bit_length() > 8 * MAX_NUMBER_BYTES:
                raise PickleRefusedError("it holds an absurdly long number")
            stack.append(argument)
        elif opcode in _CONSTANTS:
            stack.append(_CONSTANTS[opcode])
        elif opcode in ("BINPUT", "LONG_BINPUT"):
            self.memo[argument] = self.top(object)
        elif opcode == "MEMOIZE":
            self.memo[len(self.memo)] = self.top(object)
        elif opcode in ("BINGET", "LONG_BINGET"):
            if argument not in self.memo:
                raise PickleRefusedError("it refers to a value that it has not stored")
            stack.append(self.memo[argument])
        elif opcode == "MARK":
            stack.append(_MARK)
        elif opcode == "EMPTY_DICT":
            stack.append({})
        elif opcode == "EMPTY_LIST":
            stack.append([])
        elif opcode in _TUPLES:
            values = [self.pop() for _ in range(_TUPLES[opcode])]
            stack.append(tuple(reversed(values)))
        elif opcode == "TUPLE":
            stack.append(tuple(self.since_mark()))
        elif opcode == "SETITEM":
            value, key = self.pop(), self.pop()
            self.set_items([key, value])
        elif opcode == "SETITEMS":
            self.set_items(self.since_mark())
        elif opcode == "APPEND":
            value = self.pop()
            self.top(list).append(value)
        elif opcode == "APPENDS":
            values = self.since_mark()
            self.top(list).extend(values)
        elif opcode == "GLOBAL":
            module, _, name = str(argument).partition(" ")
            stack.append(self.name(module, name))
        elif opcode == "STACK_GLOBAL":
            name, module = self.pop(), self.pop()
            stack.append(self.name(module, name))
        elif opcode == "REDUCE":
            self.reduce()
        elif opcode == "BUILD":
            self.pop()  # attributes of an OrderedDict (torch: version numbers of modules): not data, left out
            self.top(dict)
        elif opcode == "BINPERSID":
            stack.append(PersistentId(self.pop()))
        elif opcode not in _IGNORED:
            raise PickleRefusedError(f"it uses the opcode {opcode}, which plain weights do not need")


def read_pickle(stream: io.BytesIO, names: frozenset[Name]) -> Any:
    """Read one pickle from `stream` (left just behind it) and return it as dicts, lists, tuples, strings and numbers.

    Args:
        stream: bytes in memory, so that a lying length can ask for no more than there is.
        names: globals that may be mentioned; calls to them become `Call` records (`collections.OrderedDict()` a dict).

    Raises:
        PickleRefusedError: damaged, too long, an unknown global or an opcode that data does not need.
    """
    machine = _Machine(names)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of the codec, about escapes in a damaged name
            for count, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
                if count >= MAX_OPCODES:
                    raise PickleRefusedError(f"it has more than {MAX_OPCODES:,} opcodes")
                if opcode.name == "STOP":
                    break
                machine.step(opcode.name, argument)
    except (ValueError, UnicodeError, RecursionError) as error:
        raise PickleRefusedError(f"it is damaged ({str(error)[:120]})") from None
    value = machine.pop()
    if machine.stack:
        raise PickleRefusedError("values are left over at its end")
    return value
