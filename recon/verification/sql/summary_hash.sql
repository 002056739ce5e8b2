-- O hash do resultado é o das conciliações e divergências escritas, por uma soma que nenhuma ordem muda.
with matched as (
  select
    coalesce(line_a, 0)::uhugeint as a, coalesce(line_b, 0)::uhugeint as b,
    ('0x' || left(sha256(class), 16))::uhugeint as name,
    low_bits(complement(delta)) as low, complement(delta) >> 64::uhugeint as high
  from matches
), of_matches as (
  select
    count(*) as lines,
    coalesce(sum(mixed([1::uhugeint, a, b, name, low, high])::hugeint), 0)::uhugeint as sum_1,
    coalesce(sum(mixed([2::uhugeint, a, b, name, low, high])::hugeint), 0)::uhugeint as sum_2
  from matched
), broken as (
  select sha256(concat_ws('|',
    break_id, row_id, coalesce(counterpart_row_id, '-'), class,
    coalesce(amount_a::varchar, '-'), coalesce(amount_b::varchar, '-'),
    case when line_a is null and line_b is null then delta::varchar end
  )) as hash
  from breaks
), of_breaks as (
  select
    count(*) as lines,
    coalesce(sum(lane(hash, 1))::varchar, 'null') as lane_1, coalesce(sum(lane(hash, 2))::varchar, 'null') as lane_2,
    coalesce(sum(lane(hash, 3))::varchar, 'null') as lane_3, coalesce(sum(lane(hash, 4))::varchar, 'null') as lane_4
  from broken
), digested as (
  select sha256(format(
    '{{"breaks":{{"lane_1":{},"lane_2":{},"lane_3":{},"lane_4":{},"lines":{}}},"matches":{{"lines":{},"sum_1":{},"sum_2":{}}}}}',
    lane_1, lane_2, lane_3, lane_4, of_breaks.lines::varchar,
    of_matches.lines::varchar, low_bits(sum_1)::varchar, low_bits(sum_2)::varchar
  )) as expected
  from of_matches
  cross join of_breaks
)
select s.currency, s.result_hash, d.expected
from summary as s
cross join digested as d
where s.result_hash is distinct from d.expected
