-- One line a break: a lot, whose rows share its id, with their sums, its oldest age and the fields that all its rows share;
-- and the line of the nearest row of the other side or, of a duplicate, of the row that it repeats.
with open_rows as (
  select row_id, case when side = 'A' then line_a else line_b end as line_no from breaks where line_a is not null or line_b is not null
  union
  select counterpart_row_id, line_b from breaks where counterpart_row_id is not null
), by_id as (
  select
    break_id,
    class,
    label_pt,
    priority,
    bool_or(material) as material,
    bool_or(is_finding) as is_finding,
    any_value(lifecycle) as lifecycle,
    any_value(side) as side,
    currency,
    currency_b,
    list(line_a order by line_a) filter (where line_a is not null) as lines_a,
    list(line_b order by line_b) filter (where line_b is not null) as lines_b,
    min(posted_on_a) as posted_on_a,
    min(posted_on_b) as posted_on_b,
    cast(sum(amount_a) as decimal(38, 0)) as amount_a,
    cast(sum(amount_b) as decimal(38, 0)) as amount_b,
    cast(sum(delta) as decimal(38, 0)) as delta,
    case when min(account) = max(account) then min(account) end as account,
    case when min(entry_id) = max(entry_id) then min(entry_id) end as entry_id,
    case when min(reference) = max(reference) then min(reference) end as reference,
    case when min(description) = max(description) then min(description) end as description,
    any_value(explain) as explain,
    any_value(candidate) as candidate,
    any_value(twin) as twin,
    max(age_days) as age_days,
    arg_max(bucket, age_days) as bucket,
    min(break_on) as break_on
  from divergences
  group by break_id, class, label_pt, priority, currency, currency_b
)
select by_id.*, entries.line_no as near, entries.currency as near_currency, entries.side as near_side
from by_id
left join open_rows on open_rows.row_id = by_id.candidate
left join entries on entries.line_no = coalesce(open_rows.line_no, by_id.twin)
order by by_id.priority = 0, by_id.priority, abs(by_id.delta) desc, by_id.break_id
