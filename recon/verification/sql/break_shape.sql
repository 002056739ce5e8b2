-- Cada divergência tem as linhas que a sua classe pede (um lado, o outro ou ambos), e os campos seguem delas.
with shaped as (
  select
    *,
    case
      when class in ('missing_in_b', 'duplicate_a') then line_a is not null and line_b is null
      when class in ('missing_in_a', 'duplicate_b') then line_b is not null and line_a is null
      when class = 'fee_mismatch' then (line_a is null) = (line_b is null)
      when class in ('amount_mismatch', 'sign_mismatch', 'date_mismatch', 'currency_mismatch', 'suggested')
        then line_a is not null and line_b is not null
      when class = 'balance_break' then line_a is null and line_b is null
      else (line_a is null) <> (line_b is null)
    end as has_its_lines
  from breaks
)
select break_id, class, side, line_a, line_b, row_id, counterpart_row_id, amount_a, amount_b
from shaped
where not has_its_lines
  or case when line_a is not null then side <> 'A' when line_b is not null then side <> 'B' end
  or side is null
  or row_id is null
  or (counterpart_row_id is null) <> (line_a is null or line_b is null)
  or (amount_a is null) <> (line_a is null)
  or (amount_b is null) <> (line_b is null)
