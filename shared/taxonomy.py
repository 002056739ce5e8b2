"""What a reconciliation can conclude: verdicts, and the class of each row. Labels are pt-BR."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Verdict(StrEnum):
    """In order: the first that holds is the run's."""

    INCOMPLETE = "incomplete"
    DIVERGENT = "divergente"
    AGREED_WITH_WARNINGS = "conciliado_com_avisos"
    AGREED_WITH_PENDING = "conciliado_com_pendencias"
    AGREED = "conciliado"

    @property
    def label(self) -> str:
        return _VERDICT_LABELS[self]

    @property
    def agrees(self) -> bool:
        """Whether people may close the month on it: agreed, pending rows and warnings aside."""
        return self not in (Verdict.INCOMPLETE, Verdict.DIVERGENT)


_VERDICT_LABELS = {
    Verdict.INCOMPLETE: "Incompleto: uma prova falhou, sem conclusão",
    Verdict.DIVERGENT: "Divergente",
    Verdict.AGREED_WITH_WARNINGS: "Conciliado com avisos",
    Verdict.AGREED_WITH_PENDING: "Conciliado com pendências",
    Verdict.AGREED: "Conciliado",
}

Outcome = Literal["ok", "pending", "break"]


@dataclass(frozen=True)
class RowClass:
    """outcome: what it does to the verdict; priority: 1 is the most urgent, 0 for no break."""

    code: str
    label: str
    outcome: Outcome
    priority: int


ROW_CLASSES = {
    row.code: row
    for row in (
        RowClass("matched_exact", "Conciliado – exato", "ok", 0),
        RowClass("matched_tolerance", "Conciliado com tolerância de valor", "ok", 0),
        RowClass("matched_timing", "Conciliado com diferença de data", "ok", 0),
        RowClass("matched_net_of_fee", "Conciliado pelo líquido (taxa explicada)", "ok", 0),
        RowClass("matched_group", "Conciliado por agrupamento/lote", "ok", 0),
        RowClass(
            "pending_in_transit",
            "Pendente – aguardando contraparte (dentro do prazo)",
            "pending",
            0,
        ),
        RowClass("suggested", "Sugestão – requer revisão", "pending", 0),
        RowClass("missing_in_b", "Sem contraparte no banco/adquirente", "break", 1),
        RowClass("missing_in_a", "Não contabilizado (só no banco/adquirente)", "break", 2),
        RowClass("amount_mismatch", "Divergência de valor", "break", 2),
        RowClass("group_sum_mismatch", "Soma do lote divergente", "break", 2),
        RowClass("fee_mismatch", "Divergência de taxa (MDR/tarifa)", "break", 2),
        RowClass("date_mismatch", "Divergência de data (fora da janela)", "break", 3),
        RowClass("currency_mismatch", "Divergência de moeda", "break", 2),
        RowClass("sign_mismatch", "Sinal invertido (débito × crédito)", "break", 1),
        RowClass("duplicate_a", "Possível lançamento duplicado (A)", "break", 1),
        RowClass("duplicate_b", "Possível lançamento duplicado (B)", "break", 1),
        RowClass("ambiguous", "Correspondência ambígua (vários candidatos)", "break", 3),
        RowClass("reversal_orphan", "Estorno/devolução sem original", "break", 2),
        RowClass("balance_break", "Quebra de saldo do extrato", "break", 1),
    )
}
