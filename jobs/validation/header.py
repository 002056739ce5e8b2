"""Which record is the header, and what is wrong with a file in which none is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import chain

from jobs.profile import Csv, FileFormat
from jobs.validation.encoding import as_utf8, decodes
from jobs.validation.judgement import Reader, without_line_break
from jobs.validation.records import Block, Grammar
from jobs.validation.refusal import RefusedFileError
from shared.lines import told
from shared.ptbr import count, number

SEARCHED = 100  # records: a longer preamble is a wrong profile
MAX_COLUMNS = 4096
_Marks = Collection[tuple[str, ...]]  # names of a header, each with those that may stand for it
# How files begin that are no text at all, renamed to .csv by hand more often than one would think.
_NO_TEXT = {
    b"PK\x03\x04": "uma planilha do Excel (.xlsx) ou um arquivo .zip",
    b"\xd0\xcf\x11\xe0": "uma planilha antiga do Excel (.xls)",
    b"%PDF": "um PDF",
    b"\x1f\x8b": "um arquivo compactado (.gz)",
}
_DELIMITERS = {";": "ponto e vírgula", ",": "vírgula", "\t": "tabulação", "|": "barra vertical"}


def find_header(
    blocks: Iterator[Block], grammar: Grammar, file: FileFormat
) -> tuple[Reader, int, Iterator[Block]]:
    """The reader of the file's columns, how many records stand above the header, the blocks below.

    Raises RefusedFileError where there is no header with the mapped columns.
    """
    marks: _Marks = {(name,) for name in file.csv.header_match} or set(
        file.columns.required.values()
    )
    above: list[tuple[int, bytes]] = []
    skipped = 0
    for block in blocks:
        for i in range(len(block)):
            body = as_utf8(without_line_break(block.record(i)), file.csv.encoding_fallback)
            names = _names(body, grammar)
            if not _missing(marks, names):
                _check(names, int(block.lines[i]), file)
                return (
                    Reader(file, grammar, names),
                    skipped,
                    chain((block.after(i + 1),), blocks),
                )
            skipped += 1
            if body:
                above.append((int(block.lines[i]), body))
            if len(above) == (SEARCHED if file.csv.header_match else 1):
                raise _no_header(above, marks, grammar, file)
    raise _no_header(above, marks, grammar, file)


def _names(body: bytes, grammar: Grammar) -> list[str]:
    fields = grammar.split(body)
    return [field.decode(errors="replace").strip() for field in fields or ()]


def _missing(marks: _Marks, names: Collection[str]) -> list[str]:
    present = set(names)
    return ['" ou "'.join(any_of) for any_of in marks if present.isdisjoint(any_of)]


def _check(names: Sequence[str], line: int, file: FileFormat) -> None:
    times = Counter(names)
    fault = quote = None
    if len(names) > MAX_COLUMNS:
        fault = f"tem {number(len(names))} colunas, e o limite é {number(MAX_COLUMNS)}"
    elif missing := _missing(file.columns.required.values(), times):
        fault = (
            f"não tem {_list(missing)}; {_known(names, set(chain(*file.columns.sources.values())))}"
        )
        quote = _quoted(line, names)
    elif twice := [name for name in file.columns.among(times).values() if times[name] > 1]:
        fault = f"tem mais de uma coluna {_list(twice)}"
    if fault:
        raise RefusedFileError(
            f"O cabeçalho ({told(line)}) {fault}.",
            hint="Confira se o arquivo é do tipo que o perfil descreve, ou corrija "
            f"[{file.at}columns] no perfil.",
            code="HEADER_NOT_FOUND",
            quote=quote,
        )


def _no_header(
    above: Sequence[tuple[int, bytes]], marks: _Marks, grammar: Grammar, file: FileFormat
) -> RefusedFileError:
    csv = file.csv
    if not above:
        return RefusedFileError(
            "O arquivo está vazio.", hint="Gere o arquivo de novo e reenvie.", code="EMPTY_FILE"
        )
    if kind := _no_text(above[0][1]):
        return RefusedFileError(
            f"O arquivo não é um CSV: o conteúdo é de {kind}.",
            hint="Abra-o e use Salvar como > CSV (ou descompacte-o); mudar só o nome não converte o arquivo.",
            code="NOT_CSV",
        )
    for line, body in above:
        if encoding := _other_encoding(body, csv.encoding):
            return RefusedFileError(
                f"A {told(line)} não é texto em {csv.encoding}, como o perfil declara.",
                hint=f"O arquivo parece estar em {encoding}: salve-o como {csv.encoding} ou "
                "corrija encoding no perfil.",
                code="ENCODING",
            )
    for line, body in above:
        found = len(_names(body, grammar))
        if other := _other_delimiter(body, marks, found, csv):
            return RefusedFileError(
                f"O arquivo não está delimitado por {_shown(csv.delimiter)}, como o perfil declara: "
                f"a {told(line)} tem {count(found, 'coluna', 'colunas')}, e o perfil "
                f"espera {len(marks)}.",
                hint=f"O arquivo parece delimitado por {_shown(other)}: use o perfil desse tipo de "
                "arquivo ou corrija delimiter no perfil.",
                code="WRONG_DELIMITER",
            )
    columns = set(file.columns.required.values())
    mapping = "header_match" if csv.header_match else f"[{file.at}columns]"
    line, names = min(
        ((line, _names(body, grammar)) for line, body in above),
        key=lambda seen: [len(_missing(any_of, seen[1])) for any_of in (marks, columns)],
    )
    return RefusedFileError(
        f"Cabeçalho não encontrado: a {told(line)}, a mais parecida, não tem "
        f"{_list(sorted(_missing(marks, names)))}; {_known(names, set(chain(*marks)))}.",
        hint=f"Confira se o arquivo é do tipo que o perfil descreve, ou corrija {mapping} no perfil.",
        code="HEADER_NOT_FOUND",
        quote=_quoted(line, names),
    )


def _known(names: Sequence[str], known: Collection[str]) -> str:
    """What was found, by the names that the profile has: any other may be data, in a file without a header."""
    ours = [name for name in names if name in known]
    among = f", entre elas {_list(ours)}" if ours else ""
    return f"tem {count(len(names), 'coluna', 'colunas')}{among}"


def _quoted(line: int, names: Sequence[str]) -> str:
    return f"A {told(line)} tem {_list(names)}."


def _no_text(body: bytes) -> str | None:
    for start, kind in _NO_TEXT.items():
        # Where the profile declares cp1252 or latin-1, the bytes were read as letters of it.
        letters = (start.decode(encoding).encode() for encoding in ("cp1252", "latin-1"))
        if body.startswith((start, *letters)):
            return kind
    return None


def _other_encoding(body: bytes, declared: str) -> str | None:
    if b"\0" in body:
        return "utf-16"
    if declared.startswith("utf"):
        return None if decodes(body, "utf-8") else "cp1252"
    origin = body.decode(errors="surrogateescape").encode(declared, "surrogateescape")
    return "utf-8" if not origin.isascii() and decodes(origin, "utf-8") else None


def _other_delimiter(body: bytes, marks: _Marks, found: int, csv: Csv) -> str | None:
    """Another delimiter that gives the wanted columns, or several where the declared one gives one."""
    text = body.decode(errors="replace")
    for other in _DELIMITERS:
        names = [name.strip(f" {csv.quote}") for name in text.split(other)]
        several = found <= 1 < len(names) and not csv.header_match
        if other != csv.delimiter and (not _missing(marks, names) or several):
            return other
    return None


def _shown(delimiter: str) -> str:
    return (
        f'"{delimiter}" ({_DELIMITERS[delimiter]})'
        if delimiter in _DELIMITERS
        else f'"{delimiter}"'
    )


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(f'"{name[:60]}"' for name in names[:20])
    return shown + (f" e mais {number(len(names) - 20)}" if len(names) > 20 else "")
