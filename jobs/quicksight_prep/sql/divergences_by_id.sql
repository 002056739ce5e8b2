-- One line a break: a lot, whose rows share its id, with their sums, its oldest age and the fields that all its rows share.
select
  break_id,
  class,
  label_pt,
  priority,
  bool_or(material) as material,
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
  max(age_days) as age_days
from divergences
group by break_id, class, label_pt, priority, currency, currency_b
order by priority, abs(sum(delta)) desc, break_id
