-- Material é a divergência cuja diferença alcança o limite do perfil; uma pendência não é material.
select b.break_id, b.class, b.delta, b.material, m.break_limit
from breaks as b
left join classes as c using (class)
left join materiality as m using (currency)
where b.material is distinct from (c.outcome = 'break' and abs(b.delta) >= m.break_limit)
