-- Material é a divergência cuja diferença (a de um grupo, a soma) alcança o limite do perfil; uma pendência não é material.
with summed as (
  select *, sum(delta) over (partition by number) as difference from numbered_breaks
)
select b.break_id, b.class, b.difference, b.material, m.break_limit
from summed as b
left join classes as c using (class)
left join materiality as m using (currency)
where b.material is distinct from (c.outcome = 'break' and abs(b.difference) >= m.break_limit)
