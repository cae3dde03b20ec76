//! One row a sample of a variant, as a Parquet file: the columns of `samples.csv` with types, a row group for each task of a
//! variant. Nothing is compressed, dictionaries keep names short.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::csv::{Row, row};
use super::{Items, io};
use crate::Error;
use crate::run::Run;

const SCHEMA: &str = "message samples {
    required binary task (utf8);
    required binary variant (utf8);
    required binary sample (utf8);
    optional binary cluster (utf8);
    required binary status (utf8);
    optional double value;
    optional binary fault (utf8);
    required int64 turns;
    required int64 prompt_tokens;
    required int64 completion_tokens;
    required binary reason (utf8);
}";

/// Writes `samples.parquet`, whole or not at all.
pub(super) fn write(run: &Run, folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let path = folder.join("samples.parquet");
    let beside = folder.join("samples.parquet.part");
    let failed = io(&path);
    let broken = |error: ParquetError| Error::Log { path: path.clone(), problem: error.to_string() };
    fs::create_dir_all(folder).map_err(&failed)?;
    let schema = Arc::new(parse_message_type(SCHEMA).map_err(broken)?);
    let settings = WriterProperties::builder().set_compression(Compression::UNCOMPRESSED).build();
    let file = File::create(&beside).map_err(&failed)?;
    let mut file = SerializedFileWriter::new(file, schema, Arc::new(settings)).map_err(broken)?;
    for task in &run.record.tasks {
        for variant in &run.record.variants {
            let items = Items::open(run, &variant.name, task)?;
            let rows = items.map(|item| Ok(row(&task.task, &variant.name, &item?)));
            let rows = rows.collect::<Result<Vec<Row>, Error>>()?;
            let mut group = file.next_row_group().map_err(broken)?;
            put(&mut group, &rows).map_err(broken)?;
            group.close().map_err(broken)?;
        }
    }
    file.into_inner().map_err(broken)?.sync_all().map_err(&failed)?;
    fs::rename(&beside, &path).map_err(&failed)?;
    Ok(vec![path])
}

/// A column of a row group.
enum Column {
    Text(fn(&Row) -> &str),
    /// `None` is null.
    Maybe(fn(&Row) -> Option<&str>),
    Number(fn(&Row) -> Option<f64>),
    Count(fn(&Row) -> usize),
}

/// In the order of [`SCHEMA`].
const COLUMNS: [Column; 11] = [
    Column::Text(|row| &row.task),
    Column::Text(|row| &row.variant),
    Column::Text(|row| &row.sample),
    Column::Maybe(|row| row.cluster.as_deref()),
    Column::Text(|row| row.status),
    Column::Number(|row| row.value),
    Column::Maybe(|row| row.fault),
    Column::Count(|row| row.turns),
    Column::Count(|row| row.prompt_tokens),
    Column::Count(|row| row.completion_tokens),
    Column::Text(|row| &row.reason),
];

fn put(group: &mut SerializedRowGroupWriter<'_, File>, rows: &[Row]) -> Result<(), ParquetError> {
    for column in &COLUMNS {
        let Some(mut writer) = group.next_column()? else { break };
        match (writer.untyped(), column) {
            (ColumnWriter::ByteArrayColumnWriter(to), Column::Text(of)) => {
                let texts: Vec<ByteArray> = rows.iter().map(|row| ByteArray::from(of(row))).collect();
                to.write_batch(&texts, None, None)?;
            }
            (ColumnWriter::ByteArrayColumnWriter(to), Column::Maybe(of)) => {
                let (levels, texts) = present(rows, |row| of(row).map(ByteArray::from));
                to.write_batch(&texts, Some(&levels), None)?;
            }
            (ColumnWriter::DoubleColumnWriter(to), Column::Number(of)) => {
                let (levels, numbers) = present(rows, of);
                to.write_batch(&numbers, Some(&levels), None)?;
            }
            (ColumnWriter::Int64ColumnWriter(to), Column::Count(of)) => {
                let counts: Vec<i64> = rows.iter().map(|row| i64::try_from(of(row)).unwrap_or(i64::MAX)).collect();
                to.write_batch(&counts, None, None)?;
            }
            _ => return Err(ParquetError::General("a column is not of its schema's type".to_owned())),
        }
        writer.close()?;
    }
    Ok(())
}

/// Which rows have a value (1) or none (0), and the values that are there.
fn present<T>(rows: &[Row], of: impl Fn(&Row) -> Option<T>) -> (Vec<i16>, Vec<T>) {
    let all: Vec<Option<T>> = rows.iter().map(of).collect();
    (all.iter().map(|one| i16::from(one.is_some())).collect(), all.into_iter().flatten().collect())
}
