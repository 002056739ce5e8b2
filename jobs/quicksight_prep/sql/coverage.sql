-- By side and currency: entries and the size of their amounts, all of them and those that are matched.
with open_lines as (
  select line_a as line_no from divergences where line_a is not null and not is_finding
  union
  select line_b from divergences where line_b is not null and not is_finding
)
select
  entries.side,
  entries.currency,
  count(*) as entries,
  count(*) filter (where open_lines.line_no is null) as matched,
  cast(sum(abs(cast(entries.amount as hugeint))) as decimal(38, 0)) as size,
  cast(coalesce(sum(abs(cast(entries.amount as hugeint))) filter (where open_lines.line_no is null), 0) as decimal(38, 0)) as matched_size
from entries
left join open_lines on open_lines.line_no = entries.line_no
group by entries.side, entries.currency
order by entries.currency, entries.side
