-- Cada divergência ou pendência tem uma classe conhecida, com o rótulo e a prioridade dela.
select b.break_id, b.class, b.label_pt, b.priority
from breaks as b
left join classes as c using (class)
where c.class is null or c.outcome = 'ok'
  or b.label_pt is distinct from c.label_pt or b.priority is distinct from c.priority
