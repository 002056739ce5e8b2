-- Cada divergência se explica em JSON: um candidato que está aberto do outro lado, a que distância; num par, o critério que falhou.
-- The distance is that of what the named pass compares.
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
    case t.side when 'A' then 1 else -1 end
      * (coalesce(own_seen.amount, own.amount)::hugeint - coalesce(o_seen.amount, o.amount)) as delta,
    case t.side when 'A' then 1 else -1 end * days_apart(own.posted_on, o.posted_on) as days
  from told as t
  left join entries as own on own.side = t.side and own.line_no = case t.side when 'A' then t.line_a else t.line_b end
  left join ids as i on i.row_id = t.candidate and i.side <> t.side
  left join entries as o on o.side = i.side and o.line_no = i.line_no
  left join passes as p on p.name = t.doc->>'pass'
  left join seen_rows as own_seen
    on own_seen.position = p.position and own_seen.side = own.side and own_seen.line_no = own.line_no
  left join seen_rows as o_seen on o_seen.position = p.position and o_seen.side = o.side and o_seen.line_no = o.line_no
)
select break_id, class, explain, delta as expected_delta, days as expected_days
from compared
where doc is null
  or (candidate is not null and found is null)
  or (candidate is not null and class <> 'fee_mismatch' and (
    (doc->>'delta')::hugeint is distinct from delta or (doc->>'days')::bigint is distinct from days
  ))
  or (counterpart_row_id is not null and (
    candidate is distinct from counterpart_row_id
    or failed::varchar is distinct from
      case class when 'suggested' then '[]' else '["' || replace(class, '_mismatch', '') || '"]' end
  ))
  or (class = 'ambiguous' and (candidate is null or failed::varchar is distinct from '[]'))
