"""Defects are planted by exchanging the code of one function, and are gone again afterwards.

A defect is one line of one module, and what stands in its place. The damaged source is compiled, and the function that
holds the line runs the code that came of it, wherever the function was imported; nothing else is exchanged, so classes
and values stay what they are. No switch for any defect stands in the sink or in the model.
"""

import ast
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any, NamedTuple

from onceproof.model.memory import Memory


class Defect(NamedTuple):
    """One line of one module that is not as it must be."""

    name: str
    module: str
    """Below `onceproof`, as in `sink.machine`."""
    line: str
    """As it stands in the source, once."""
    instead: str


@contextmanager
def planted(defect: Defect) -> Iterator[None]:
    """Sink or model with that defect, wherever it is imported; afterwards all is as before."""
    function, name, source = _place(defect)
    whole = compile(source.replace(defect.line, defect.instead), f"<{defect.name}>", "exec", dont_inherit=True)
    sound, function.__code__ = function.__code__, _code(whole, name)
    _forget()
    try:
        yield
    finally:
        function.__code__ = sound
        _forget()


def meeting(defects: Sequence[Defect], looks: Sequence[Callable[[], object]]) -> Mapping[str, Sequence[int]]:
    """By the name of each defect: which of the looks, by their position, run a line that would be another.

    No other can see it. Nothing is remembered from one look to the next while this is found out.
    """
    lines = {defect.name: _lines(defect) for defect in defects}
    wanted = {place for places in lines.values() for place in places}
    codes = {code for code, _ in wanted}
    found: dict[str, list[int]] = {defect.name: [] for defect in defects}
    run: set[tuple[int, int]] = set()

    def call(frame: FrameType, _: str, __: object) -> Callable[..., object] | None:
        return line if id(frame.f_code) in codes else None

    def line(frame: FrameType, event: str, _: object) -> Callable[..., object]:
        if event == "line":
            run.add((id(frame.f_code), frame.f_lineno))
        return line

    for at, look in enumerate(looks):
        _forget()
        run.clear()
        sys.settrace(call)
        try:
            look()
        finally:
            sys.settrace(None)
        met = run & wanted
        for name, places in lines.items():
            if not met.isdisjoint(places):
                found[name].append(at)
    return found


def _lines(defect: Defect) -> set[tuple[int, int]]:
    """The lines that a defect changes, and those of the statements that they belong to, by the code that runs them."""
    function, _, source = _place(defect)
    first = source[: source.index(defect.line)].count("\n") + 1
    last = first + defect.line.rstrip("\n").count("\n")
    numbers: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            end = body[0].lineno - 1 if body else node.end_lineno or node.lineno
            if node.lineno <= last and first <= end:
                numbers |= {*range(node.lineno, end + 1)}
    return {(id(code), number) for code in _codes(function.__code__) for number in numbers}


def _codes(code: CodeType) -> Iterator[CodeType]:
    """A code, and those inside it."""
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _codes(each)


def _place(defect: Defect) -> tuple[FunctionType, str, str]:
    """The function that holds a defect's line, its qualified name, and the source of its module."""
    module = importlib.import_module(f"onceproof.{defect.module}")
    source = inspect.getsource(module)
    assert source.count(defect.line) == 1, f"{defect.name}: the line stands {source.count(defect.line)} times"
    name = _function_around(source, defect.line)
    return _function(module, name), name, source


def _function_around(source: str, text: str) -> str:
    """The qualified name of the outermost function that holds the text."""
    first = source[: source.index(text.lstrip("\n"))].count("\n") + 1
    names: list[str] = []
    nodes: list[ast.stmt] = ast.parse(source).body
    while nodes:
        around = next((each for each in nodes if each.lineno <= first <= (each.end_lineno or 0)), None)
        assert isinstance(around, ast.ClassDef | ast.FunctionDef), f"{text!r} stands in no function"
        names.append(around.name)
        nodes = around.body if isinstance(around, ast.ClassDef) else []
    return ".".join(names)


def _function(module: ModuleType, name: str) -> FunctionType:
    """The function behind a qualified name: of a property its getter, of a cached one what it asks."""
    found: Any = module
    for part in name.split("."):
        found = inspect.getattr_static(found, part)
    found = inspect.unwrap(found.fget if isinstance(found, property) else getattr(found, "__func__", found))
    assert isinstance(found, FunctionType), f"{name} is a {type(found).__name__}"
    return found


def _code(code: CodeType, name: str) -> CodeType:
    """The code of the function with that qualified name."""
    for part in name.split("."):
        code = next(each for each in code.co_consts if isinstance(each, CodeType) and each.co_name == part)
    return code


def _forget() -> None:
    """Empty whatever remembers answers, since these may be those of other code."""
    for name, module in list(sys.modules.items()):
        if name.startswith("onceproof."):
            for value in list(vars(module).values()):
                if isinstance(value, Memory):
                    value._answers.clear()
                    value._held = 0
                elif callable(clear := getattr(value, "cache_clear", None)):
                    clear()
