//! `paper`: the paper's tables, and a run beside them.

use record::{Analysis, run_path};
use report::{PaperTable, paper_beside, paper_tables};

use crate::Error;
use crate::lookup;
use crate::run::Run;

/// The paper's tables: whole, or with a run's rows and those of the paper that have the same compressions. `table` keeps
/// one of them.
///
/// # Errors
/// A table that the paper does not have, or a run without analysis.
pub fn paper(run: Option<&Run>, table: Option<&str>) -> Result<Vec<PaperTable>, Error> {
    let whole = paper_tables()?;
    let names: Vec<&'static str> = whole.iter().map(|of| of.table).collect();
    let wanted = table.map(|name| lookup::one("table", name, names)).transpose()?;
    let mut tables = match run {
        None => whole,
        Some(run) => {
            let analysis: Analysis = record::read_json(&run_path::analysis(&run.root))?;
            paper_beside(&run.record, &analysis.columns)?
        }
    };
    tables.retain(|of| wanted.is_none_or(|name| name == of.table));
    Ok(tables)
}
