"""Why a row stayed open, in words: the nearest candidate and the criteria that it failed."""

from __future__ import annotations

import json
from collections.abc import Sequence

from shared import ptbr


def reason(row_class: str, explain: str, currency: str) -> str:
    """From a break's `explain` (JSON: candidate, pass, failed, delta, days, lines, …) to a Portuguese sentence."""
    why = json.loads(explain)
    if row_class in ("duplicate_a", "duplicate_b"):
        return "Outra linha deste lado é igual em tudo; esta sobra."
    failed = why.get("failed", [])
    if "max_candidates_per_row" in failed:
        return (
            "A chave tem candidatos demais para comparar um a um (limits.max_candidates_per_row)."
        )
    if failed == ["fee"]:
        rate = ptbr.number(why["basis_points"])
        return (
            f"Passe {why['pass']}: a taxa cobrada é {ptbr.money(why['fee'], currency)} sobre "
            f"{ptbr.money(why['gross'], currency)}; a contratada é de {rate} pontos-base."
        )
    if failed == ["group_sum"]:
        a, b = (ptbr.money(why[f"group_amount_{side}"], currency) for side in "ab")
        return f"Passe {why['pass']}: a soma do lote é {a} em A e {b} em B."
    if why["candidate"] is None:
        return "Nenhum lançamento do outro lado com a mesma chave, nem com o mesmo valor."
    if failed == ["key"]:
        return (
            f"Há do outro lado o mesmo valor e moeda, {_apart(why['days'])}, mas com outra chave."
        )
    candidates = why.get("candidates", 1)
    if row_class == "suggested":
        return f"Passe {why['pass']} sugere este par: confira e decida."
    if not failed and candidates == 1:
        named = f", na linha {ptbr.number(why['lines'][0])}," if why.get("lines") else ""
        return f"Passe {why['pass']}: o único candidato{named} serve também a outra linha."
    if not failed:
        named = f": {_lines(why['lines'], candidates)}" if why.get("lines") else ""
        return f"Passe {why['pass']}: {candidates} candidatos servem igualmente{named}."
    parts = {
        "currency": "a moeda é outra",
        "sign": "o sinal está invertido",
        "amount": f"o valor difere em {ptbr.money(abs(why['delta']), currency)}",
        "date": f"a data está fora da janela ({_apart(why['days'])})",
    }
    others = f" ({candidates} candidatos)" if candidates > 1 else ""
    return f"Passe {why['pass']}{others}: {' e '.join(parts[name] for name in failed)}."


def _lines(named: Sequence[int], in_all: int) -> str:
    return f"linhas {ptbr.listed([ptbr.number(line) for line in named], in_all)}"


def _apart(days: int) -> str:
    if days == 0:
        return "no mesmo dia"
    return f"B {ptbr.count(abs(days), 'dia', 'dias')} {'depois' if days > 0 else 'antes'} de A"
