-- Nenhuma linha do arquivo é dois lançamentos, nem lançamento e rejeição.
select line_no, count(*) filter (kind = 'entry') as entries, count(*) filter (kind = 'reject') as rejects
from (
  select line_no, 'entry' as kind from entries
  union all
  select line_no, 'reject' from (select distinct line_no from rejects)
)
group by line_no
having count(*) > 1
