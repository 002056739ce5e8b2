-- Matches beside their entries: a pair is one line, of a lot each row is one. In the file's order.
select
  matches.pass_name,
  matches.class,
  matches.line_a,
  matches.line_b,
  a.posted_on as posted_on_a,
  b.posted_on as posted_on_b,
  a.amount as amount_a,
  b.amount as amount_b,
  matches.delta,
  coalesce(a.currency, b.currency) as currency,
  matches.delta_days,
  matches.match_id,
  coalesce(a.account, b.account) as account,
  coalesce(a.entry_id, b.entry_id) as entry_id,
  coalesce(a.reference, b.reference) as reference,
  coalesce(a.description, b.description) as description
from matches
left join entries as a on a.line_no = matches.line_a
left join entries as b on b.line_no = matches.line_b
order by coalesce(matches.line_a, matches.line_b)
