-- A contagem de rejeitados por código é a da tabela de rejeitados.
-- needs: validation
select code, c.count as told, w.count as written
from records_by_code as c
full join (select code, count(distinct line_no) as count from rejects group by code) as w using (code)
where coalesce(c.count, 0) <> coalesce(w.count, 0)
