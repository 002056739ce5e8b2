-- What the program is measured by: the least that a reconciliation can be. No line is checked or explained, nothing proven.
copy (
  with rows as (
    select * from read_csv(
      getvariable('file'),
      header = true,
      columns = {
        'side': 'varchar', 'entry_id': 'varchar', 'account': 'varchar', 'posted_on': 'date', 'amount': 'decimal(18, 2)',
        'currency': 'varchar', 'reference': 'varchar', 'description': 'varchar', 'kind': 'varchar'
      }
    )
  ), a as (
    select * from rows where side = 'A'
  ), b as (
    select * from rows where side = 'B'
  )
  select
    coalesce(a.entry_id, b.entry_id) as entry_id,
    case
      when b.entry_id is null then 'missing_in_b'
      when a.entry_id is null then 'missing_in_a'
      when a.currency <> b.currency then 'currency_mismatch'
      when a.amount <> b.amount then 'amount_mismatch'
      when a.posted_on <> b.posted_on then 'date_mismatch'
      else 'matched'
    end as class,
    a.posted_on as posted_on_a,
    b.posted_on as posted_on_b,
    a.amount as amount_a,
    b.amount as amount_b,
    a.currency as currency_a,
    b.currency as currency_b,
    a.reference as reference_a,
    b.reference as reference_b
  from a
  full join b on a.entry_id = b.entry_id
) to (getvariable('out') || '/join.parquet') (format parquet)
