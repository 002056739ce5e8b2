-- Rows with a finding, each with its id: it needs all its equals, which are sought by what is cheap to compare.
with told as (
  select
    entries.line_no as told_line,
    entries.side as told_side,
    entries.posted_on as told_day,
    entries.amount as told_amount,
    entries.currency as told_currency
  from entries
  semi join findings on findings.line_no = entries.line_no
), alike as (
  select entries.line_no, entries.side, entries.posted_on, entries.currency, entries.side || $content as content
  from entries
  semi join told
    on told.told_side = entries.side
    and told.told_day = entries.posted_on
    and told.told_amount = entries.amount
    and told.told_currency = entries.currency
), counted as (
  select *, row_number() over (partition by content order by line_no) as occurrence
  from alike
)
select
  counted.line_no,
  counted.side,
  counted.currency,
  cast(greatest(date_diff('day', counted.posted_on, $as_of), 0) as int) as age_days,
  concat_ws(
    '-',
    substr(sha256(counted.content), 1, 32),
    case when counted.occurrence > 1 then cast(counted.occurrence as text) end
  ) as row_id
from counted
semi join told on told.told_line = counted.line_no
