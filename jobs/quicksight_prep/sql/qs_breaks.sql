-- One row a break, with amounts in units of their currency and labels that need no code table.
select
  divergences.break_id,
  divergences.class,
  divergences.label_pt as classe,
  divergences.priority as prioridade,
  divergences.material,
  divergences.side as lado,
  divergences.currency as moeda,
  divergences.currency_b as moeda_b,
  case when divergences.line_a > 1000000000000 then divergences.line_a - 1000000000000 else divergences.line_a end as linha_a,
  case when divergences.line_b > 1000000000000 then divergences.line_b - 1000000000000 else divergences.line_b end as linha_b,
  divergences.posted_on_a as data_a,
  divergences.posted_on_b as data_b,
  cast(cast(divergences.amount_a as decimal(19, 0)) * units.unit as decimal(23, 4)) as valor_a,
  cast(cast(divergences.amount_b as decimal(19, 0)) * units_b.unit as decimal(23, 4)) as valor_b,
  cast(cast(divergences.delta as decimal(20, 0)) * units.unit as decimal(24, 4)) as diferenca,
  divergences.account as conta,
  divergences.entry_id as id_lancamento,
  divergences.reference as referencia,
  divergences.description as descricao,
  divergences.age_days as idade_dias,
  divergences.bucket as faixa_idade
from divergences
join units on units.currency = divergences.currency
join units as units_b on units_b.currency = divergences.currency_b
