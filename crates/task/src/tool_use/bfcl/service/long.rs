//! The texts that blow up results in entries of long context, read from the user's copy.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use crate::TaskError;
use crate::python::{Value, assigned, text};
use crate::tool_use::bfcl::copy::Copy;

const FILE: &str = "eval_checker/multi_turn_eval/func_source_code/long_context.py";

/// What is added to results and scenarios; a copy is another view of it.
#[derive(Debug, Clone)]
pub struct Extensions(Arc<ExtensionTexts>);

impl Deref for Extensions {
    type Target = ExtensionTexts;

    fn deref(&self) -> &ExtensionTexts {
        &self.0
    }
}

/// What [`Extensions`] hold.
#[derive(Debug)]
#[expect(missing_docs, reason = "each is named after what it is added to")]
pub struct ExtensionTexts {
    pub watch_list: Value,
    pub transactions: Value,
    pub means_5: Value,
    pub means_20: Value,
    pub technology: Value,
    pub automobile: Value,
    pub order_detail: Value,
    pub file_content: String,
    pub populate: Vec<String>,
    pub tailed: Vec<String>,
    pub car_status: Value,
    pub weather: Value,
    pub parking_brake: Value,
    pub cities: Value,
    pub credit_cards: Value,
    pub bookings: Value,
}

impl Extensions {
    /// Reads them; `None` where the copy is the data alone.
    ///
    /// # Errors
    /// A file that lacks one of them, or has more than a literal there.
    pub fn read(copy: &Copy) -> Result<Option<Self>, TaskError> {
        match Self::source(copy)? {
            Some(source) => Self::of(&source, &copy.path(FILE)).map(Some),
            None => Ok(None),
        }
    }

    /// The text of the file that has them; `None` where the copy is the data alone.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn source(copy: &Copy) -> Result<Option<String>, TaskError> {
        copy.text(FILE)
    }

    /// Reads them from the text of a file.
    ///
    /// # Errors
    /// As [`Extensions::read`].
    pub fn of(source: &str, path: &Path) -> Result<Self, TaskError> {
        let value = |name: &str| {
            let problem = match assigned(source, name) {
                Ok(Some(value)) => return Ok(value),
                Ok(None) => format!("nothing is assigned to {name}"),
                Err(why) => format!("line {}: {}", why.line, why.problem),
            };
            Err(TaskError::Format { path: path.to_owned(), place: name.to_owned(), problem })
        };
        let texts = |name: &str| {
            value(name).map(|value| match value {
                Value::List(items) => items.iter().map(text).collect(),
                _ => Vec::new(),
            })
        };
        Ok(Self(Arc::new(ExtensionTexts {
            watch_list: value("WATCH_LIST_EXTENSION")?,
            transactions: value("TRANSACTION_HISTORY_EXTENSION")?,
            means_5: value("MA_5_EXTENSION")?,
            means_20: value("MA_20_EXTENSION")?,
            technology: value("TECHNOLOGY_EXTENSION")?,
            automobile: value("AUTOMOBILE_EXTENSION")?,
            order_detail: value("ORDER_DETAIL_EXTENSION")?,
            file_content: text(&value("FILE_CONTENT_EXTENSION")?),
            populate: texts("POPULATE_FILE_EXTENSION")?,
            tailed: texts("FILES_TAIL_USED")?,
            car_status: value("CAR_STATUS_METADATA_EXTENSION")?,
            weather: value("LONG_WEATHER_EXTENSION")?,
            parking_brake: value("PARKING_BRAKE_INSTRUCTION")?,
            cities: value("INTERMEDIARY_CITIES")?,
            credit_cards: value("CREDIT_CARD_EXTENSION")?,
            bookings: value("BOOKING_RECORD_EXTENSION")?,
        })))
    }
}
