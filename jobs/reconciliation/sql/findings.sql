-- What is wrong with a row that is matched or broken elsewhere: a balance that does not continue, and the fee of a row of
-- a matched group. delta: balance less expected, fee less due.
select
  line_no,
  'balance_break' as class,
  cast(cast(balance as decimal(38, 0)) - expected as decimal(38, 0)) as delta,
  concat(
    '{"candidate":null,"failed":["balance"],"line":', cast(line_no as text),
    ',"balance":', cast(balance as text),
    ',"expected":', cast(expected as text), '}'
  ) as explain
from balance_breaks
union all
select
  wrongly_charged.line_no,
  'fee_mismatch' as class,
  wrongly_charged.delta,
  concat(
    '{"candidate":null,"pass":"', group_rows.pass_name,
    '","failed":["fee"],"line":', cast(wrongly_charged.line_no as text),
    ',"gross":', cast(wrongly_charged.gross as text),
    ',"fee":', cast(wrongly_charged.fee as text),
    ',"basis_points":', cast(wrongly_charged.basis_points as text), '}'
  ) as explain
from wrongly_charged
join group_rows on coalesce(group_rows.line_a, group_rows.line_b) = wrongly_charged.line_no
