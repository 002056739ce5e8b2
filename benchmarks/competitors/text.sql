-- What validation is measured by: the file read as text, written as Parquet.
copy (select * from read_csv(getvariable('file'), header = true, all_varchar = true))
to (getvariable('out') || '/text.parquet') (format parquet)
