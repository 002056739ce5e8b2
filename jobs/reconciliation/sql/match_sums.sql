-- What the matches of each pass differ by, by class and currency: a pair is one item, a group is one.
with items as (
  select pass_name, class, currency, delta from matches where match_id is null
  union all
  select pass_name, class, currency, sum(delta) as delta
  from matches
  where match_id is not null
  group by pass_name, class, currency, match_id
)
select
  pass_name,
  class,
  currency,
  count(*) as items,
  cast(sum(delta) as decimal(38, 0)) as net,
  cast(sum(abs(delta)) as decimal(38, 0)) as gross
from items
group by pass_name, class, currency
