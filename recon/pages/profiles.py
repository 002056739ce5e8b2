"""docs/profiles.md and its English twin: every key of a profile, as the model that checks it describes it.

`make contracts` writes both. What the model says is Portuguese; `profile_phrases.json` has each phrase in English.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from jobs.profile import Profile, section_in

Say = Callable[[str], str]
DOCS = Path(__file__).parents[2] / "docs"
PHRASES = Path(__file__).with_name("profile_phrases.json")
_HEAD = """\
# As chaves de um perfil

([In English](profiles.en.md))

Um perfil é um arquivo TOML em `profiles/`. O que um perfil não diz vale como a coluna *padrão* mostra; uma chave que
não está aqui é recusada, com as que existem. Esta página é escrita por `make contracts` a partir do modelo que lê os
perfis (`jobs/profile.py`). Exemplos: os perfis prontos, e [samples/README.md](../samples/README.md), que mostra um
arquivo de cada.

Onde o layout é `against_reference`, `[csv]`, `[columns]` e `[extract]` são de cada lado: `[sides.A.csv]`,
`[sides.B.columns]` e assim por diante, sem `side`. Um exemplo inteiro: `profiles/inter-razao.toml`.

As colunas canônicas têm nomes fixos: `side`, `posted_on`, `value_on`, `amount`, `currency`, `entry_id`, `account`,
`reference`, `description`, `counterparty`, `kind`, `group_key`, `gross`, `fee`, `net`, `balance`. `reference_norm` não
se mapeia: é `reference` em maiúsculas, sem acentos e com espaços simples, para comparar; zeros, hífens e pontos ficam,
de modo que "nf 2002" é "NF 2002", e "NF-2002" não.
"""
_ABOUT = {
    "csv": "O dialeto do arquivo: declarado, nunca adivinhado.",
    "columns": "De onde vem cada coluna canônica. O que não se mapeia fica vazio.",
    "reference": 'Só com `layout = "against_reference"`.',
    "passes": "Um por vez, na ordem do arquivo; o que um passe conciliou, os seguintes não veem. `match` forma pares "
    "de linhas de mesma chave (`on`), com valores e datas próximos o bastante; `group` leva todas as linhas dos dois "
    "lados com a mesma chave (`group_by`) e moeda, se as somas fecham. Com `unique = true` um par só vale se nenhum "
    'dos dois tem outro candidato: o que sobra é ambíguo, e não um palpite. `mode = "suggest"` propõe pares sem os '
    "conciliar, para uma chave fraca como valor e data.",
    "materiality": "O que conta para o veredito. Sem ela, toda divergência é material.",
    "fees": "O que a adquirente pode reter do bruto: conferido em cada linha conciliada que tem `gross` e `fee`.",
    "reversals": "Linhas que desfazem outra. A que fica aberta, sem que o arquivo tenha a original, é um estorno sem "
    "original.",
    "grace": "Quantos dias um lado pode chegar depois do outro: `B = 2` deixa uma linha de A esperar dois dias por B, "
    "pendente, antes de ser uma divergência.",
    "aging": "As faixas de idade das divergências.",
    "expect": "Até quando um arquivo deste perfil deve chegar; se não chega, avisa-se, uma vez.",
}


PAGES = ("profiles.md", "profiles.en.md")


def page(name: str) -> str:
    say: Say = str if name == "profiles.md" else english().__getitem__
    return "\n".join([say(_HEAD), *_sections(Profile, "", say)])


def _sections(model: type[BaseModel], path: str, say: Say) -> Iterator[str]:
    """A table of the model's own keys, then the sections under it; a section that two paths share is told once."""
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    sections = {name: section for name, field in fields.items() if (section := _section(field))}
    title = f"`[{path}]`" if path else say("No alto do arquivo")
    if path and _is_list(model, path):
        title = f"`[[{path}]]`"
    own = {name: field for name, field in fields.items() if name not in sections}
    if own:
        yield f"## {title}\n"
        if path in _ABOUT:
            yield f"{say(_ABOUT[path])}\n"
        yield say("| chave | padrão | o que se escreve |")
        yield "|---|---|---|"
        for name, field in own.items():
            described = say(field.description or "")
            yield f"| `{name}` | {_default(field, say)} | {_cell(described)} |"
        yield ""
    for name, section in sections.items():
        if name != "sides":
            yield from _sections(section, f"{path}.{name}" if path else name, say)


def _section(field: FieldInfo) -> type[BaseModel] | None:
    """The model of a table of its own; a column's source is a value, though it may be written as a table."""
    found = section_in(field.annotation)
    return None if found is None or get_origin(field.annotation) is dict or _short(found) else found


def _short(model: type[BaseModel]) -> bool:
    """Whether a plain value is enough: then its own description says all."""
    return any("short_form" in name for name in model.__pydantic_decorators__.model_validators) or (
        model.__name__ == "AmountTolerance"
    )


def _is_list(model: type[BaseModel], path: str) -> bool:
    field = Profile.model_fields.get(path)
    return field is not None and get_origin(field.annotation) is tuple


def _default(field: FieldInfo, say: Say) -> str:
    if field.is_required():
        return say("**obrigatória**")
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel) or value in (None, (), {}):
        return "–"
    return f"`{_toml(value)}`"


def _toml(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case tuple() | list():
            return f"[{', '.join(map(_toml, value))}]"
        case dict():
            return f"{{ {', '.join(f'{key} = {_toml(item)}' for key, item in value.items())} }}"
        case Enum():
            return _toml(value.value)
        case int():
            return str(value)
        case '"':
            return "'\"'"
        case _:
            return f'"{value}"'


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def english() -> dict[str, str]:
    """Each phrase of the model and of this page, Portuguese to English."""
    phrases: dict[str, str] = json.loads(PHRASES.read_text(encoding="utf-8"))
    return phrases


def main() -> None:
    for name in PAGES:
        (DOCS / name).write_text(page(name), encoding="utf-8")


if __name__ == "__main__":
    main()
