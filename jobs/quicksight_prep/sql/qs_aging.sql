-- How old the breaks are: items and absolute difference by age bucket, class and currency.
select
  divergences.bucket as faixa_idade,
  divergences.class,
  divergences.label_pt as classe,
  divergences.currency as moeda,
  count(*) as itens,
  cast(cast(sum(abs(divergences.delta)) as decimal(33, 0)) * any_value(units.unit) as decimal(38, 4)) as diferenca_absoluta
from divergences
join units on units.currency = divergences.currency
group by divergences.bucket, divergences.class, divergences.label_pt, divergences.currency
order by min(divergences.age_days), divergences.class, divergences.currency
