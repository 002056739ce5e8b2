-- delta e delta_days de cada conciliação são A − B em valor e B − A em dias.
select
  m.pass_name, m.line_a, m.line_b, m.delta, m.delta_days,
  a.amount::hugeint - b.amount as expected_delta,
  days_apart(a.posted_on, b.posted_on) as expected_days
from match_pairs as m
join entries as a on a.side = 'A' and a.line_no = m.line_a
join entries as b on b.side = 'B' and b.line_no = m.line_b
where m.delta is distinct from expected_delta or m.delta_days is distinct from expected_days
