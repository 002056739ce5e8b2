-- A data de B está na janela de dias do passe, contada da data de A.
select m.pass_name, m.line_a, m.line_b, a.posted_on as day_a, b.posted_on as day_b, p.first_day, p.last_day
from matches as m
join passes as p on p.name = m.pass_name
join entries as a on a.side = 'A' and a.line_no = m.line_a
join entries as b on b.side = 'B' and b.line_no = m.line_b
where days_apart(a.posted_on, b.posted_on) not between p.first_day and p.last_day
