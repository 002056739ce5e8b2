-- The class of each open row, and its counterpart or group where it has one.
with counterparts as (
  select line_a as line_no, line_b as counterpart, class, pass_number from counterpart_pairs
  union all
  select line_b as line_no, line_a as counterpart, class, pass_number from counterpart_pairs
), aged as (
  select
    open_ids.*,
    cast(greatest(date_diff('day', open_ids.posted_on, $as_of), 0) as int) as age_days,
    case when open_ids.side = 'A' then days.due_a else days.due_b end as due_on
  from open_ids
  join days on days.posted_on = open_ids.posted_on
)
select
  aged.line_no,
  aged.side,
  aged.row_id,
  aged.amount,
  aged.currency,
  aged.age_days,
  aged.due_on,
  counterparts.counterpart,
  counterparts.pass_number,
  group_mismatches.group_id,
  group_mismatches.delta as group_delta,
  case
    when group_mismatches.group_id is not null then 'group_sum_mismatch'
    when set_aside.reason = 'duplicate' and aged.side = 'A' then 'duplicate_a'
    when set_aside.reason = 'duplicate' then 'duplicate_b'
    when set_aside.reason = 'ambiguous' then 'ambiguous'
    when counterparts.class is not null then counterparts.class
    when reversal_orphans.line_no is not null then 'reversal_orphan'
    when aged.due_on > $as_of then 'pending_in_transit'
    when aged.side = 'A' then 'missing_in_b'
    else 'missing_in_a'
  end as class
from aged
left join set_aside on set_aside.line_no = aged.line_no
left join reversal_orphans on reversal_orphans.line_no = aged.line_no
left join group_mismatches on group_mismatches.line_no = aged.line_no
left join counterparts on counterparts.line_no = aged.line_no
