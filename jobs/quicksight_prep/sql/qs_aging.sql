-- How old the breaks are: items and absolute difference by age bucket, class and currency, as the manifest counts them.
-- A lot is one item, as old as its oldest row; a pair in two currencies is one item in A's and a difference in each. A
-- finding is an item without a difference: its rows' difference, if any, is told where they are.
with legs as (
  select break_id, class, label_pt, priority, currency, amount_a as amount, age_days, bucket, true as is_item
  from divergences
  where line_a is not null and not is_finding
  union all
  select break_id, class, label_pt, priority, currency_b, - cast(amount_b as hugeint), age_days, bucket, currency_b = currency
  from divergences
  where line_b is not null and not is_finding
  union all
  select break_id, class, label_pt, priority, currency, 0, age_days, bucket, true
  from divergences
  where is_finding
), items as (
  select
    break_id,
    class,
    label_pt,
    priority,
    currency,
    abs(sum(amount)) as difference,
    max(age_days) as age_days,
    arg_max(bucket, age_days) as bucket,
    bool_or(is_item) as is_item
  from legs
  group by break_id, class, label_pt, priority, currency
)
select
  case when items.priority = 0 then 'Pendência' else 'Divergência' end as tipo,
  items.class as classe_codigo,
  items.label_pt as classe,
  items.currency as moeda,
  replace(replace(items.bucket, '-', ' a '), '+', ' ou mais') as faixa_idade,
  cast(regexp_extract(items.bucket, '^[0-9]+') as integer) as faixa_inicio,
  count(*) filter (where items.is_item) as itens,
  cast(cast(sum(items.difference) as decimal(33, 0)) * any_value(units.unit) as decimal(38, 4)) as diferenca_absoluta
from items
join units on units.currency = items.currency
group by items.priority, items.class, items.label_pt, items.currency, items.bucket
order by min(items.age_days), items.class, items.currency
