"""Whether a statement continues: each balance is the one before it plus what was posted since."""

from __future__ import annotations

from typing import Any

from jobs.profile import Profile
from jobs.reconciliation.engine import Engine
from jobs.reconciliation.rules import everything, nothing, rule
from shared import ptbr
from shared.errors import ReconError
from shared.lines import told

NAMED = 20
_TOLD = 3
_BALANCE_BREAK = {
    "line_no": "bigint",
    "side": "text",
    "currency": "text",
    "balance": "bigint",
    "expected": "decimal(38, 0)",
}


class BalanceBreakError(ReconError):
    """The balances of a side contradict its entries. A retry does not help, a whole statement does.

    details: the first lines where they do, amounts in minor units, and how many there are.
    """

    code = "BALANCE_BREAK"


def has_balances(profile: Profile) -> bool:
    return "balance" in profile.mapped


def check_balances(engine: Engine, profile: Profile) -> None:
    """Names `balance_breaks`. Lines without a balance only add to the next one that has it.

    Raises BalanceBreakError where there is one and the profile says halt.
    """
    if not has_balances(profile):
        engine.view("balance_breaks", nothing(_BALANCE_BREAK))
        return
    found = engine.table("balance_breaks", rule("balance_breaks"))
    if found and profile.validation.on_balance_break == "halt":
        raise _told(engine.fetch(everything("balance_breaks order by line_no")))


def _told(broken: list[dict[str, Any]]) -> BalanceBreakError:
    places = [f"{told(row['line_no'])} (lado {row['side']})" for row in broken[:_TOLD]]
    more = len(broken) - _TOLD
    return BalanceBreakError(
        "O saldo do extrato não é o anterior mais os lançamentos: "
        f"{', '.join(places)}{f' e mais {ptbr.number(more)}' if more > 0 else ''}.",
        hint="Falta, sobra ou foi rejeitada uma linha, ou o extrato não vai do mais antigo ao mais novo. Peça-o de "
        'novo, ou use on_balance_break = "warn" no perfil para que seja uma divergência.',
        details={
            "balance_breaks": len(broken),
            "lines": [
                {"line_no": row["line_no"], "side": row["side"], "currency": row["currency"]}
                for row in broken[:NAMED]
            ],
        },
        quote="; ".join(
            f"{place}: saldo de {ptbr.money(row['balance'], row['currency'])}, "
            f"e pelos lançamentos seria {ptbr.money(int(row['expected']), row['currency'])}"
            for place, row in zip(places, broken, strict=False)
        ),
    )
