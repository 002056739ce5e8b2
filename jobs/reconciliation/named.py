"""Numbers written as the texts that they stand for: what recurs in each row is sorted and encoded for half as much."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

Names = Mapping[str, Sequence[str]]  # of a column: what 0, 1, … stand for
NONE: Names = {}
ROWS = 1 << 17  # encoded at a time


def write_named(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, path: Path, names: Names
) -> int:
    """As Parquet, in one file; its rows. schema: of the batches."""
    texts = {name: pa.array(of, pa.string()) for name, of in names.items()}
    fields = [
        pa.field(f.name, pa.dictionary(pa.int32(), pa.string()) if f.name in texts else f.type)
        for f in schema
    ]
    told = pa.schema(fields)
    lines = [field.name for field in schema if pa.types.is_int64(field.type)]
    recurring = [field.name for field in schema if field.name not in lines]
    rows = 0
    with pq.ParquetWriter(
        path,
        told,
        use_dictionary=recurring,  # type: ignore[arg-type]
        # They rise: a tenth of the file.
        column_encoding=dict.fromkeys(lines, "DELTA_BINARY_PACKED"),
        write_statistics=lines,  # of all columns, half of what writing costs
        compression="lz4",
        write_batch_size=ROWS,
        store_schema=False,  # readers find texts, encoded or not
    ) as file:
        for batch in batches:
            columns = [
                pa.DictionaryArray.from_arrays(column.cast(pa.int32()), texts[name])
                if name in texts
                else column
                for name, column in zip(schema.names, batch.columns, strict=True)
            ]
            file.write_batch(pa.RecordBatch.from_arrays(columns, schema=told))
            rows += len(batch)
    return rows
