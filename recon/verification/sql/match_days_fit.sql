-- A data de B está na janela de dias do passe, contada da data de A.
select m.pass_name, m.line_a, m.line_b, a.posted_on as day_a, b.posted_on as day_b, p.first_day, p.last_day, p.banking
from paired as m
join passes as p on p.name = m.pass_name
join seen_rows as a on a.position = p.position and a.side = 'A' and a.line_no = m.line_a
join seen_rows as b on b.position = p.position and b.side = 'B' and b.line_no = m.line_b
where b.day - a.day not between p.first_day and p.last_day
