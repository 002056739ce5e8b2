-- One row a break or pending entry, a lot once: amounts in units of their currency, and what its words are made of.
select
  items.break_id as id_divergencia,
  case when items.priority = 0 then 'Pendência' else 'Divergência' end as tipo,
  items.class as classe_codigo,
  items.label_pt as classe,
  cast(items.priority as integer) as prioridade,
  case when items.material then 'sim' else 'não' end as material,
  case
    when items.lines_a is not null and items.lines_b is not null then 'A e B'
    else items.side
  end as lado,
  items.posted_on_a as data_a,
  items.posted_on_b as data_b,
  items.currency as moeda,
  items.currency_b as moeda_b,
  cast(cast(items.amount_a as decimal(33, 0)) * units.unit as decimal(38, 4)) as valor_a,
  cast(cast(items.amount_b as decimal(33, 0)) * units_b.unit as decimal(38, 4)) as valor_b,
  cast(cast(items.delta as decimal(33, 0)) * units.unit as decimal(38, 4)) as diferenca,
  items.account as conta,
  items.entry_id as id_lancamento,
  items.reference as referencia,
  items.description as descricao,
  cast(items.age_days as integer) as idade_dias,
  replace(replace(items.bucket, '-', ' a '), '+', ' ou mais') as faixa_idade,
  cast(regexp_extract(items.bucket, '^[0-9]+') as integer) as faixa_inicio,
  items.break_on as vira_divergencia_em,
  items.class,
  items.explain,
  items.lifecycle,
  items.currency,
  items.currency_b,
  items.lines_a,
  items.lines_b,
  items.near_currency,
  items.near_side
from items
join units on units.currency = items.currency
join units as units_b on units_b.currency = items.currency_b
