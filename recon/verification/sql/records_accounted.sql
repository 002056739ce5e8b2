-- Registros de cada arquivo = cabeçalho + ignorados + rejeitados + lançamentos, e as tabelas têm o que essa conta diz.
-- needs: validation
with written as (
  select file, count(*) filter (kind = 'entry') as entries_written, count(distinct line_no) filter (kind = 'reject') as rejected_written
  from (
    select file_of(line_no) as file, line_no, 'entry' as kind from entries
    union all
    select file_of(line_no), line_no, 'reject' from rejects
  )
  group by file
)
select file, r.* exclude (file), w.* exclude (file)
from records as r
full join written as w using (file)
where r.lines is null or lines <> header + skipped + entries + rejected
  or entries <> coalesce(entries_written, 0)
  or rejected <> coalesce(rejected_written, 0)
