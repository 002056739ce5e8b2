"""Whether a statement continues: each balance is the one before it plus what was posted since."""

from __future__ import annotations

from jobs.reconciliation.engine import Engine
from jobs.reconciliation.rules import rule
from shared import ptbr
from shared.errors import ReconError
from shared.lines import told

NAMED = 20
_TOLD = 3


class BalanceBreakError(ReconError):
    """The balances of a side contradict its entries. A retry does not help, a whole statement does.

    details: the first lines where they do, amounts in minor units, and how many there are.
    """

    code = "BALANCE_BREAK"


def check_balances(engine: Engine) -> None:
    """Raises BalanceBreakError. Lines without a balance only add to the next one that has it."""
    broken = engine.fetch(rule("balance_breaks"))
    if not broken:
        return
    places = [f"{told(row['line_no'])} (lado {row['side']})" for row in broken[:_TOLD]]
    more = len(broken) - _TOLD
    raise BalanceBreakError(
        "O saldo do extrato não é o anterior mais os lançamentos: "
        f"{', '.join(places)}{f' e mais {ptbr.number(more)}' if more > 0 else ''}.",
        hint="Falta, sobra ou foi rejeitada uma linha, ou o extrato não vai do mais antigo ao mais novo. Peça-o de "
        "novo, ou tire on_balance_break do perfil para conciliar sem esta prova.",
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
