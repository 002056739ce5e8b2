-- One line for each row that stayed open, and one for both rows of a mismatch, under A's. delta: A less B, in the
-- line's own currency. The rows of a group are one break in several lines, material by their sum; a fee is by
-- how far it is off, and a pair of two days by its amount. A finding has neither line: it takes none.
with paired as (
  select
    one.*,
    other.line_no as other_line,
    other.row_id as other_row,
    one.currency = other.currency as is_comparable,
    case when one.side = 'A' then one.amount else other.amount end as amount_a,
    case when one.side = 'B' then one.amount else other.amount end as amount_b
  from classed as one
  left join classed as other on other.line_no = one.counterpart
  where one.side = 'A' or one.counterpart is null
), measured as (
  select
    *,
    cast(coalesce(amount_a, 0) as decimal(38, 0))
      - case when is_comparable or side = 'B' then cast(coalesce(amount_b, 0) as decimal(38, 0)) else 0 end as delta
  from paired
), of_lines as (
  select
    substr(sha256(concat(
      $profile, ':', coalesce(measured.group_id, measured.row_id), ':', coalesce(measured.other_row, '')
    )), 1, 32) as break_id,
    measured.class,
    classes.label_pt,
    cast(classes.priority as tinyint) as priority,
    'new' as lifecycle,
    $as_of as opened_on,
    cast(null as date) as resolved_on,
    measured.age_days,
    buckets.bucket,
    measured.side,
    measured.row_id,
    measured.other_row as counterpart_row_id,
    measured.amount_a,
    measured.amount_b,
    measured.delta,
    measured.currency,
    explained.explain,
    classes.outcome = 'break' and (
      measured.class <> 'fee_mismatch' and abs(coalesce(measured.group_delta, measured.delta)) >= $threshold
      or measured.class = 'date_mismatch' and abs(cast(measured.amount_a as decimal(38, 0))) >= $threshold
      or fee_mismatches.off_10000 is not null and fee_mismatches.off_10000 >= $threshold * 10000
    ) as material,
    case when measured.side = 'A' then measured.line_no end as line_a,
    case when measured.side = 'B' then measured.line_no else measured.other_line end as line_b,
    case when measured.class = 'pending_in_transit' then measured.due_on end as break_on
  from measured
  join classes on classes.class = measured.class
  join buckets on measured.age_days between buckets.first_day and buckets.last_day
  left join fee_mismatches on fee_mismatches.line_a = measured.line_no
  join explained on explained.line_no = measured.line_no
), of_findings as (
  select
    substr(sha256(concat($profile, ':', findings.class, ':', found_rows.row_id)), 1, 32) as break_id,
    findings.class,
    classes.label_pt,
    cast(classes.priority as tinyint) as priority,
    'new' as lifecycle,
    $as_of as opened_on,
    cast(null as date) as resolved_on,
    found_rows.age_days,
    buckets.bucket,
    found_rows.side,
    found_rows.row_id,
    cast(null as text) as counterpart_row_id,
    cast(null as bigint) as amount_a,
    cast(null as bigint) as amount_b,
    findings.delta,
    found_rows.currency,
    findings.explain,
    abs(findings.delta) >= $threshold as material,
    cast(null as bigint) as line_a,
    cast(null as bigint) as line_b,
    cast(null as date) as break_on
  from findings
  join found_rows on found_rows.line_no = findings.line_no
  join classes on classes.class = findings.class
  join buckets on found_rows.age_days between buckets.first_day and buckets.last_day
)
select * from of_lines
union all
select * from of_findings
order by priority, class, row_id
