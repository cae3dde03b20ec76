//! Services of the Internet, answered from recordings: weather (Open-Meteo) and movie (TMDB).
//!
//! A recording is a JSON line `{"tool": "weather", "function": "get_elevation", "arguments": {"latitude": 59.9, ..},
//! "result": .., "ok": true}`; `ok` is false where the function refused, `result` being what it said. A call is answered
//! by the recording of the same function with the same arguments: they travel as texts in an address, so that `7`, `7.0`
//! and `"7"` are the same. Nothing is asked of the network.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value as Json;

use super::raised::Raised;
use super::service::{Function, Named, Refused, Service, argument, shown};
use super::todo::Here;
use crate::python::{Value, text};

/// One recorded call.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Recording {
    /// `weather` or `movie`.
    pub tool: String,
    /// The function.
    pub function: String,
    /// Its arguments.
    pub arguments: serde_json::Map<String, Json>,
    /// What it returned, or said where it refused.
    pub result: Json,
    /// Whether it did what it was asked.
    #[serde(default = "yes")]
    pub ok: bool,
}

fn yes() -> bool {
    true
}

/// Recordings by what was called.
#[derive(Debug, Clone, Default)]
pub struct Recordings(HashMap<String, Recording>);

impl Recordings {
    /// Of equal calls, the last one counts.
    pub fn new(all: impl IntoIterator<Item = Recording>) -> Self {
        let key = |recording: &Recording| {
            let arguments = recording.arguments.iter().map(|(key, value)| (key.as_str(), Value::from(value)));
            key(&recording.tool, &recording.function, arguments)
        };
        Self(all.into_iter().map(|recording| (key(&recording), recording)).collect())
    }

    /// How many calls are known.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What a call is known by: its arguments by name, sorted, as texts.
fn key<'a>(tool: &str, function: &str, arguments: impl Iterator<Item = (&'a str, Value)>) -> String {
    let mut all: Vec<(&str, String)> = arguments.map(|(name, value)| (name, plain(&value))).collect();
    all.sort();
    format!("{tool} {function} {all:?}")
}

/// A value as it travels: numbers in one form, whatever they were written as.
fn plain(value: &Value) -> String {
    let text = text(value).trim().to_owned();
    let number = matches!(value, Value::Text(_) | Value::Int(_) | Value::Float(_));
    match text.parse::<f64>() {
        Ok(number_read) if number && number_read.is_finite() && text.len() < 16 => (number_read + 0.0).to_string(),
        _ => text,
    }
}

/// A recorded service.
pub struct Replay {
    tool: Tool,
    here: Here,
    recordings: Arc<Recordings>,
}

/// Which service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// Weather of the past, and where places are.
    Weather,
    /// Movies and people.
    Movie,
}

impl Tool {
    /// Its name in AgentBoard's data.
    pub fn name(self) -> &'static str {
        match self {
            Self::Weather => "weather",
            Self::Movie => "movie",
        }
    }
}

const DAYS: &[&str] = &["latitude", "longitude", "start_date", "end_date"];
const DAY: &[&str] = &["latitude", "longitude", "current_date"];
const FILM: &[&str] = &["movie_id"];
const PERSON: &[&str] = &["person_id"];

const WEATHER: &[Function] = &[
    Function { name: "get_user_current_date", keys: &[] },
    Function { name: "get_user_current_location", keys: &[] },
    Function { name: "get_historical_temp", keys: DAYS },
    Function { name: "get_historical_rain", keys: DAYS },
    Function { name: "get_historical_snow", keys: DAYS },
    Function { name: "get_snow_forecast", keys: DAYS },
    Function { name: "get_current_snow", keys: DAY },
    Function { name: "get_current_temp", keys: DAY },
    Function { name: "get_latitude_longitude", keys: &["name"] },
    Function { name: "get_elevation", keys: &["latitude", "longitude"] },
    Function { name: "get_temp_forecast", keys: DAYS },
    Function { name: "get_rain_forecast", keys: DAYS },
    Function { name: "get_current_rain", keys: DAY },
    Function { name: "get_distance", keys: &["latitude1", "longitude1", "latitude2", "longitude2"] },
    Function { name: "get_historical_air_quality_index", keys: DAYS },
    Function { name: "get_current_air_quality_index", keys: DAY },
    Function { name: "get_air_quality_level", keys: &["air_quality_index"] },
    Function { name: "convert_zipcode_to_address", keys: &["zipcode"] },
];

const MOVIE: &[Function] = &[
    Function { name: "get_search_movie", keys: &["movie_name"] },
    Function { name: "get_movie_details", keys: FILM },
    Function { name: "get_movie_production_companies", keys: FILM },
    Function { name: "get_movie_production_countries", keys: FILM },
    Function { name: "get_movie_cast", keys: FILM },
    Function { name: "get_movie_crew", keys: FILM },
    Function { name: "get_movie_keywords", keys: FILM },
    Function { name: "get_search_person", keys: &["person_name"] },
    Function { name: "get_person_details", keys: PERSON },
    Function { name: "get_person_cast", keys: PERSON },
    Function { name: "get_person_crew", keys: PERSON },
    Function { name: "get_person_external_ids", keys: PERSON },
    Function { name: "get_movie_alternative_titles", keys: FILM },
    Function { name: "get_movie_translation", keys: FILM },
];

impl Replay {
    /// A service that answers from recordings, and says when and where the user is.
    pub fn new(tool: Tool, here: Here, recordings: Arc<Recordings>) -> Self {
        Self { tool, here, recordings }
    }
}

impl Service for Replay {
    fn functions(&self) -> &'static [Function] {
        match self.tool {
            Tool::Weather => WEATHER,
            Tool::Movie => MOVIE,
        }
    }

    fn call(&mut self, function: &'static str, arguments: &Named) -> Result<Value, Refused> {
        match function {
            "get_user_current_date" => return Ok(self.here.date()),
            "get_user_current_location" => return Ok(self.here.location()),
            _ => {}
        }
        let names = arguments.iter().map(|(name, _)| (*name, argument(arguments, name).clone()));
        match self.recordings.0.get(&key(self.tool.name(), function, names)) {
            Some(Recording { ok: true, result, .. }) => Ok(Value::from(result)),
            Some(recording) => Err(Refused::Told(text(&Value::from(&recording.result)))),
            None => {
                let why = format!("there is no recording of {function} with {}", shown(arguments));
                Err(Raised::new("LookupError", why).into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn service() -> Result<Replay, serde_json::Error> {
        let lines = [
            json!({"tool": "weather", "function": "get_elevation", "arguments": {"longitude": 10, "latitude": "59.90"}, "result": {"elevation": 12.0}}),
            json!({"tool": "weather", "function": "get_elevation", "arguments": {"latitude": 0, "longitude": 0}, "result": "too wet", "ok": false}),
        ];
        let all: Vec<Recording> = lines.into_iter().map(serde_json::from_value).collect::<Result<_, _>>()?;
        Ok(Replay::new(Tool::Weather, Here::default(), Arc::new(Recordings::new(all))))
    }

    #[test]
    fn a_call_is_answered_by_the_recording_of_the_same_one() -> Result<(), serde_json::Error> {
        let mut service = service()?;
        let mut at = |latitude: Value, longitude: Value| {
            service.call("get_elevation", &vec![("latitude", latitude), ("longitude", longitude)])
        };
        let found = at(Value::Float(59.9), Value::from("10.0")).map(|value| value.to_string());
        assert_eq!(found, Ok("{'elevation': 12.0}".to_owned()));
        assert_eq!(at(Value::Float(-0.0), Value::Int(0.into())), Err(Refused::Told("too wet".into())));
        let lost = at(Value::from("x"), Value::None);
        assert!(
            matches!(lost, Err(Refused::Raised(raised)) if raised.message.contains("no recording of get_elevation"))
        );
        Ok(())
    }
}
