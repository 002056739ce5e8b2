-- Registros do arquivo = cabeçalho + ignorados + rejeitados + lançamentos, e as tabelas têm o que essa conta diz.
-- needs: validation
select
  r.*,
  (select count(*) from entries) as entries_written,
  (select count(distinct line_no) from rejects) as rejected_written
from records as r
where lines <> header + skipped + entries + rejected
  or entries <> entries_written
  or rejected <> rejected_written
