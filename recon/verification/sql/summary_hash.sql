-- O hash do resultado é o das conciliações e divergências escritas, por uma soma que nenhuma ordem muda.
with hashed as (
  select 'matches' as source, sha256(concat_ws('|',
    coalesce(line_a::varchar, '-'), coalesce(line_b::varchar, '-'), class, delta::varchar
  )) as hash
  from matches
  union all
  select 'breaks', sha256(concat_ws('|',
    break_id, row_id, coalesce(counterpart_row_id, '-'), class,
    coalesce(amount_a::varchar, '-'), coalesce(amount_b::varchar, '-'),
    case when line_a is null and line_b is null then delta::varchar end
  ))
  from breaks
), summed as (
  select
    source, count(hash) as lines,
    coalesce(sum(lane(hash, 1))::varchar, 'null') as lane_1, coalesce(sum(lane(hash, 2))::varchar, 'null') as lane_2,
    coalesce(sum(lane(hash, 3))::varchar, 'null') as lane_3, coalesce(sum(lane(hash, 4))::varchar, 'null') as lane_4
  from (values ('matches'), ('breaks')) as sources (source)
  left join hashed using (source)
  group by source
), digested as (
  select sha256('{' || string_agg(format(
    '"{}":{{"lane_1":{},"lane_2":{},"lane_3":{},"lane_4":{},"lines":{}}}',
    source, lane_1, lane_2, lane_3, lane_4, lines::varchar
  ), ',' order by source) || '}') as expected
  from summed
)
select s.currency, s.result_hash, d.expected
from summary as s
cross join digested as d
where s.result_hash is distinct from d.expected
