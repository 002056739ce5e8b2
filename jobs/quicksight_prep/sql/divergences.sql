-- Every break beside the fields of its one or two entries, the most urgent and largest first.
select
  breaks.break_id,
  breaks.class,
  breaks.label_pt,
  breaks.priority,
  breaks.material,
  breaks.side,
  breaks.currency,
  coalesce(b.currency, breaks.currency) as currency_b,
  breaks.line_a,
  breaks.line_b,
  a.posted_on as posted_on_a,
  b.posted_on as posted_on_b,
  breaks.amount_a,
  breaks.amount_b,
  breaks.delta,
  coalesce(a.account, b.account) as account,
  coalesce(a.entry_id, b.entry_id) as entry_id,
  coalesce(a.reference, b.reference) as reference,
  coalesce(a.description, b.description) as description,
  breaks.age_days,
  breaks.bucket,
  breaks.explain
from breaks
left join entries as a on a.line_no = breaks.line_a
left join entries as b on b.line_no = breaks.line_b
order by breaks.priority, abs(breaks.delta) desc, breaks.break_id
