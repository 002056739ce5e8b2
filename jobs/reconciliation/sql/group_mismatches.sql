-- Open rows of groups whose sums differ, where each side has one group of that key, in one currency.
-- delta: of the group's amounts, A less B.
with in_one_currency as (
  select match_key
  from open_rows
  where match_key is not null
  group by match_key
  having min(currency) = max(currency)
)
select
  open_rows.line_no,
  $number as pass_number,
  groups.group_id,
  groups.count_a,
  groups.count_b,
  groups.group_amount_a,
  groups.group_amount_b,
  cast(sum(
    case when open_rows.side = 'A' then 1 else -1 end * cast(open_rows.amount as decimal(38, 0))
  ) over (partition by groups.group_id) as decimal(38, 0)) as delta
from groups
semi join in_one_currency on in_one_currency.match_key = groups.match_key
join open_rows on open_rows.match_key = groups.match_key and open_rows.currency = groups.currency
where not groups.agrees
