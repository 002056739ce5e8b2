-- Matches beside their entries, numbered in the file's order: a pair is one row, of a lot each row is one.
select
  row_number() over (order by coalesce(matches.line_a, matches.line_b)) as place,
  matches.pass_name,
  class_labels.label,
  matches.line_a,
  matches.line_b,
  a.posted_on as posted_on_a,
  b.posted_on as posted_on_b,
  a.amount as amount_a,
  b.amount as amount_b,
  matches.delta,
  coalesce(a.currency, b.currency) as currency,
  matches.delta_days,
  coalesce(a.account, b.account) as account,
  coalesce(a.entry_id, b.entry_id) as entry_id,
  coalesce(a.reference, b.reference) as reference,
  coalesce(a.description, b.description) as description,
  matches.match_id
from matches
join class_labels on class_labels.class = matches.class
left join entries as a on a.line_no = matches.line_a
left join entries as b on b.line_no = matches.line_b
