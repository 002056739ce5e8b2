-- Os dois lados de cada conciliação são da mesma moeda, que é a que a conciliação diz.
select m.pass_name, m.line_a, m.line_b, m.currency, a.currency as currency_a, b.currency as currency_b
from match_pairs as m
join entries as a on a.side = 'A' and a.line_no = m.line_a
join entries as b on b.side = 'B' and b.line_no = m.line_b
where a.currency <> b.currency or m.currency is distinct from a.currency
