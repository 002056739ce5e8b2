"""What is wrong with a command line, in Portuguese: the library that parses it speaks English."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, Literal, get_args, get_origin

from cyclopts import App, CycloptsError
from cyclopts.exceptions import (
    CoercionError,
    MissingArgumentError,
    RepeatArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)


def in_portuguese(error: CycloptsError) -> tuple[str, str]:
    """Message and hint."""
    chain = " ".join(error.command_chain or ())
    return _message(error), f"Veja: recon {chain + ' ' if chain else ''}--help"


def _message(error: CycloptsError) -> str:
    match error:
        case UnknownOptionError():
            given = error.token.keyword or error.token.value
            names = [name for option in error.argument_collection for name in option.names]
            return f"A opção {given} não existe.{_meant(given, names)}"
        case UnknownCommandError() | UnusedCliTokensError():
            given = (error.unused_tokens or [""])[0]
            if error.target and error.command_chain:
                return f"{given} está a mais: o comando não espera por isso."
            verbs = [name for name in (error.app or App()) if not name.startswith("-")]
            return f"O comando {given} não existe.{_meant(given, verbs)}"
        case MissingArgumentError():
            name = _named(error)
            return f"Falta {name}{', ou o seu valor' if name.startswith('--') else ''}."
        case RepeatArgumentError():
            return f"A opção {error.token.keyword} foi dada mais de uma vez."
        case CoercionError() if error.token:
            return f"{_named(error)}: {error.token.value!r} não é {_wanted(error.target_type)}."
    return f"A linha de comando não pôde ser lida: {error}"


def _named(error: Any) -> str:
    name = error.argument.name if error.argument else error.token.keyword or "um valor"
    return name if name.startswith("--") else name.lstrip("-").upper()


def _wanted(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return "um destes: " + ", ".join(get_args(kind))
    return "um número inteiro" if kind is int else f"um valor de {kind.__name__}"


def _meant(given: str, names: list[str]) -> str:
    near = get_close_matches(given, names, n=1, cutoff=0.7)
    return f" Seria {near[0]}?" if near else ""
