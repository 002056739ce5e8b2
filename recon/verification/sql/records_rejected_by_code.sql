-- A contagem de rejeitados por código é a da tabela de rejeitados, em cada arquivo.
-- needs: validation
select file, code, c.count as told, w.count as written
from records_by_code as c
full join (
  select file_of(line_no) as file, code, count(distinct line_no) as count from rejects group by all
) as w using (file, code)
where coalesce(c.count, 0) <> coalesce(w.count, 0)
