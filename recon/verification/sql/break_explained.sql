-- Cada divergência se explica em JSON: um candidato que está aberto do outro lado, a que distância; num par, o critério que falhou.
with told as (
  select
    b.*, case when json_valid(explain) then explain::json end as doc,
    doc->>'candidate' as candidate,
    doc->'failed' as failed
  from breaks as b
), ids as (
  select 'A' as side, case side when 'A' then row_id else counterpart_row_id end as row_id, line_a as line_no
  from breaks where line_a is not null
  union all
  select 'B', case side when 'B' then row_id else counterpart_row_id end, line_b
  from breaks where line_b is not null
), compared as (
  select
    t.break_id, t.class, t.explain, t.doc, t.candidate, t.counterpart_row_id, t.failed, i.row_id as found,
    case t.side when 'A' then own.amount::hugeint - o.amount else o.amount::hugeint - own.amount end as delta,
    case t.side when 'A' then days_apart(own.posted_on, o.posted_on)
      else days_apart(o.posted_on, own.posted_on) end as days
  from told as t
  left join entries as own on own.side = t.side and own.line_no = case t.side when 'A' then t.line_a else t.line_b end
  left join ids as i on i.row_id = t.candidate and i.side <> t.side
  left join entries as o on o.side = i.side and o.line_no = i.line_no
)
select break_id, class, explain, delta as expected_delta, days as expected_days
from compared
where doc is null
  or (candidate is not null and (
    found is null
    or (doc->>'delta')::hugeint is distinct from delta
    or (doc->>'days')::bigint is distinct from days
  ))
  or (counterpart_row_id is not null and (
    candidate is distinct from counterpart_row_id
    or failed::varchar is distinct from
      case class when 'suggested' then '[]' else '["' || replace(class, '_mismatch', '') || '"]' end
  ))
  or (class = 'ambiguous' and (candidate is null or failed::varchar is distinct from '[]'))
