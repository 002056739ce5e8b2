-- Tolerance pass, before its join: how many pairs it would compare, and the key with most of them.
with keys as (
  select
    match_key,
    count(*) filter (where side = 'A') * count(*) filter (where side = 'B') as pairs
  from open_rows
  where match_key is not null
  group by match_key, currency
)
select cast(sum(pairs) as bigint) as pairs, max(pairs) as hot_pairs, arg_max(match_key, pairs) as hot_key
from keys
where pairs > 0
