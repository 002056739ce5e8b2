-- delta de cada divergência é A − B na sua moeda; o que não existe, ou é de outra moeda, vale zero.
select
  break_id, class, amount_a, amount_b, delta,
  coalesce(amount_a, 0)::hugeint
    - case when class = 'currency_mismatch' then 0 else coalesce(amount_b, 0) end as expected
from breaks
where (line_a is not null or line_b is not null) and delta is distinct from expected
