-- Every line of the breaks beside the fields of its one or two entries, the most urgent and largest first. A finding
-- takes no line (docs/decisions/0019): the row that it is about is the one that its explanation names.
with told as (
  select
    *,
    line_a is null and line_b is null as is_finding,
    cast(json_extract_string(explain, '$.line') as bigint) as told_line,
    json_extract_string(explain, '$.candidate') as candidate,
    cast(json_extract_string(explain, '$.twin') as bigint) as twin
  from breaks
), placed as (
  select
    *,
    coalesce(line_a, case when is_finding and side = 'A' then told_line end) as shown_a,
    coalesce(line_b, case when is_finding and side = 'B' then told_line end) as shown_b
  from told
)
select
  placed.break_id,
  placed.class,
  placed.label_pt,
  placed.priority,
  placed.material,
  placed.lifecycle,
  placed.side,
  placed.currency,
  coalesce(b.currency, placed.currency) as currency_b,
  placed.is_finding,
  placed.shown_a as line_a,
  placed.shown_b as line_b,
  a.posted_on as posted_on_a,
  b.posted_on as posted_on_b,
  placed.amount_a,
  placed.amount_b,
  placed.delta,
  coalesce(a.account, b.account) as account,
  coalesce(a.entry_id, b.entry_id) as entry_id,
  coalesce(a.reference, b.reference) as reference,
  coalesce(a.description, b.description) as description,
  placed.age_days,
  placed.bucket,
  placed.break_on,
  placed.candidate,
  placed.twin,
  placed.explain
from placed
left join entries as a on a.line_no = placed.shown_a
left join entries as b on b.line_no = placed.shown_b
order by placed.priority, abs(placed.delta) desc, placed.break_id
