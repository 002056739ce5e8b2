-- Cada comparação diz a diferença, o que o passe permite e o que falha, como seguem dos lançamentos e do perfil.
select
  n.pass_name, n.line_a, n.line_b,
  (n.delta, n.allowed_10000, n.delta_days, n.days_apart, n.first_day, n.last_day)::varchar as written,
  (c.delta, c.allowed, c.days, c.days_counted, c.first_day, c.last_day)::varchar as expected,
  (n.fails_currency, n.fails_sign, n.fails_amount, n.fails_date, n.failures, n.suggests)::varchar as fails_written,
  (c.fails_currency, c.fails_sign, c.fails_amount, c.fails_date, c.failed, c.suggests)::varchar as fails_expected
from near as n
join compared as c on c.position = n.pass_number and c.line_a = n.line_a and c.line_b = n.line_b
left join passes as p on p.position = n.pass_number
where written is distinct from expected or fails_written is distinct from fails_expected
  or n.pass_name is distinct from p.name
