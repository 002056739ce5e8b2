-- Todo lançamento está em exatamente uma linha de conciliações ou de divergências.
select
  e.side, e.line_no,
  count(*) filter (r.source = 'matches') as in_matches,
  count(*) filter (r.source = 'breaks') as in_breaks
from entries as e
left join result_lines as r using (side, line_no)
group by e.side, e.line_no
having count(r.line_no) <> 1
