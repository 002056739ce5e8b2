-- Nenhum lançamento foi usado em duas conciliações.
select side, line_no, count(*) as matches
from result_lines
where source = 'matches'
group by side, line_no
having count(*) > 1
