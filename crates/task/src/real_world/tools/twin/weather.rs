//! Weather, day by day: questions about stretches of time.

use record::Rng;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::super::day::{day_text, read_day};
use super::super::service::{Function, Named, Refused, Service, argument, dict};
use super::names::Names;
use super::same_text;
use super::scene::{Call, Level, Machine, Manual, Puzzle, Scene};
use crate::python::{Value, text};

/// Stations, and when and where the user is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Climate {
    today: String,
    home: String,
    /// The day of the first value of every station.
    since: String,
    stations: Vec<Station>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Station {
    town: String,
    id: String,
    /// Meters above the sea.
    height: i64,
    /// Tenths of a degree.
    highs: Vec<i64>,
    lows: Vec<i64>,
    /// Tenths of a millimeter.
    rain: Vec<i64>,
}

/// What is said of the tools.
pub const MANUAL: Manual = Manual {
    about: "The tools know the weather of some towns. Days are written like 2031-05-09; temperatures are in degrees, rain \
        is in millimeters.",
    tools: &[
        ("today", "what day it is"),
        ("home_town", "the town where the user lives"),
        ("find_station", "the weather station of a town, and how many meters it lies above the sea"),
        ("temperatures", "the highest and the lowest temperature at a station on each day, from the first to the last"),
        ("rainfall", "how much rain fell at a station on each day, from the first to the last"),
    ],
};

const DAYS: &[&str] = &["station", "first", "last"];
const FUNCTIONS: &[Function] = &[
    Function { name: "today", keys: &[] },
    Function { name: "home_town", keys: &[] },
    Function { name: "find_station", keys: &["town"] },
    Function { name: "temperatures", keys: DAYS },
    Function { name: "rainfall", keys: DAYS },
];
/// Days of which there are values.
const KEPT: usize = 24;

impl Climate {
    fn draw(rng: &mut Rng, names: &mut Names) -> Self {
        let today = 20_000 + rng.below(8000) as i64;
        let stations: Vec<Station> = (0..6).map(|_| Station::draw(rng, names)).collect();
        let home = rng.pick(&stations).map(|station| station.town.clone()).unwrap_or_default();
        Self { today: day_text(today), home, since: day_text(today - KEPT as i64), stations }
    }

    fn day(&self, at: usize) -> String {
        day_text(read_day(&self.since).unwrap_or_default() + at as i64)
    }

    fn station(&self, id: &Value) -> Result<&Station, Refused> {
        let found = self.stations.iter().find(|station| same_text(id, &station.id));
        found.ok_or_else(|| Refused::Told("There is no such station; find_station tells its name.".into()))
    }

    /// The places of the days from one to another.
    fn span(&self, first: &Value, last: &Value) -> Result<std::ops::Range<usize>, Refused> {
        let since = read_day(&self.since).unwrap_or_default();
        let day = |value: &Value| {
            let read = read_day(text(value).trim());
            read.ok_or_else(|| Refused::Told("A day is not written like 2031-05-09.".into()))
        };
        let (first, last) = (day(first)? - since, day(last)? - since);
        let from = usize::try_from(first).ok();
        let to = usize::try_from(last + 1).ok().filter(|to| *to <= KEPT);
        let span = from.zip(to).filter(|(from, to)| from < to).map(|(from, to)| from..to);
        let (from, to) = (&self.since, self.day(KEPT - 1));
        span.ok_or_else(|| Refused::Told(format!("There are only values from {from} to {to}, the first day first.")))
    }
}

impl Station {
    fn draw(rng: &mut Rng, names: &mut Names) -> Self {
        let warmth = rng.between(60, 280) as i64;
        let highs: Vec<i64> = (0..KEPT).map(|_| warmth + rng.below(90) as i64 - 45).collect();
        let lows = highs.iter().map(|high| high - 30 - rng.below(90) as i64).collect();
        let rain = (0..KEPT).map(|_| if rng.chance(0.4) { 0 } else { rng.between(1, 320) as i64 }).collect();
        let id = format!("S{}", rng.between(1000, 9999));
        Self { town: names.town(rng), id, height: rng.between(2, 1900) as i64, highs, lows, rain }
    }
}

fn tenths(value: i64) -> f64 {
    value as f64 / 10.0
}

impl Service for Climate {
    fn functions(&self) -> &'static [Function] {
        FUNCTIONS
    }

    fn call(&mut self, function: &'static str, arguments: &Named) -> Result<Value, Refused> {
        let of = |name: &str| argument(arguments, name);
        let number =
            |values: &[i64], at: usize| values.get(at).map_or(Value::None, |value| Value::Float(tenths(*value)));
        match function {
            "today" => return Ok(Value::from(self.today.as_str())),
            "home_town" => return Ok(Value::from(self.home.as_str())),
            "find_station" => {
                let found = self.stations.iter().find(|station| same_text(of("town"), &station.town));
                let station = found.ok_or_else(|| Refused::Told("There is no station in this town.".into()))?;
                let height = Value::Int(station.height.into());
                return Ok(dict([("station", Value::from(station.id.as_str())), ("height", height)]));
            }
            _ => {}
        }
        let (station, span) = (self.station(of("station"))?, self.span(of("first"), of("last"))?);
        let day = |at: usize| ("day", Value::from(self.day(at).as_str()));
        let values = span.map(|at| match function {
            "rainfall" => dict([day(at), ("rain", number(&station.rain, at))]),
            _ => dict([day(at), ("high", number(&station.highs, at)), ("low", number(&station.lows, at))]),
        });
        Ok(Value::List(values.collect()))
    }
}

impl Machine for Climate {}

/// A question about weather; `None` where the one that was drawn has no single answer.
pub fn draw(rng: &mut Rng, names: &mut Names, level: Level) -> Option<Puzzle> {
    let climate = Climate::draw(rng, names);
    let kinds: &[Question] = match level {
        Level::Easy => &[high, height, rain],
        Level::Hard => &[rain_at_home, hottest_day, warmest, difference],
    };
    let (goal, calls) = rng.pick(kinds)?(&climate, rng)?;
    Some(Puzzle { scene: Scene::Weather(climate), goal, calls })
}

type Question = fn(&Climate, &mut Rng) -> Option<(String, Vec<Call>)>;

fn find(station: &Station) -> Call {
    Call::new("find_station", [("town", json!(station.town))])
}

fn ask(what: &str, station: &Station, first: &str, last: &str) -> Call {
    Call::new(what, [("station", json!(station.id)), ("first", json!(first)), ("last", json!(last))])
}

fn answer(tenth: i64) -> Call {
    Call::finish(Json::from(tenths(tenth)))
}

fn high(climate: &Climate, rng: &mut Rng) -> Option<(String, Vec<Call>)> {
    let (station, at) = (rng.pick(&climate.stations)?, rng.below(KEPT));
    let day = climate.day(at);
    let goal = format!("What was the highest temperature in {} on {day}?", station.town);
    Some((goal, vec![find(station), ask("temperatures", station, &day, &day), answer(station.highs[at])]))
}

fn height(climate: &Climate, rng: &mut Rng) -> Option<(String, Vec<Call>)> {
    let station = rng.pick(&climate.stations)?;
    let goal = format!("How many meters above the sea does the weather station of {} lie?", station.town);
    Some((goal, vec![find(station), Call::finish(json!(station.height))]))
}

fn rain(climate: &Climate, rng: &mut Rng) -> Option<(String, Vec<Call>)> {
    let (station, at) = (rng.pick(&climate.stations)?, rng.below(KEPT));
    let day = climate.day(at);
    let goal = format!("How much rain fell in {} on {day}?", station.town);
    let calls = vec![find(station), ask("rainfall", station, &day, &day), answer(station.rain[at])];
    (station.rain[at] > 0).then_some((goal, calls))
}

fn rain_at_home(climate: &Climate, rng: &mut Rng) -> Option<(String, Vec<Call>)> {
    let count = rng.between(3, 6);
    let home = climate.stations.iter().find(|station| station.town == climate.home)?;
    let other = rng.pick(&climate.stations).filter(|station| station.town != home.town)?;
    let goal = format!(
        "How much rain fell in my town and in {} on the {count} days before today, both towns and all days taken together?",
        other.town
    );
    let days = (climate.day(KEPT - count), climate.day(KEPT - 1));
    let rain = |station: &Station| [find(station), ask("rainfall", station, &days.0, &days.1)];
    let sum: i64 = [home, other].iter().flat_map(|station| &station.rain[KEPT - count..]).sum();
    let asked = vec![Call::new("today", []), Call::new("home_town", [])];
    let calls = [asked, rain(home).to_vec(), rain(other).to_vec(), vec![answer(sum)]].concat();
    (sum > 0).then_some((goal, calls))
}

fn hottest_day(climate: &Climate, rng: &mut Rng) -> Option<(String, Vec<Call>)> {
    let (station, count) = (rng.pick(&climate.stations)?, rng.between(13, 16));
    let from = rng.below(KEPT - count);
    let highs = &station.highs[from..from + count];
    let best = highs.iter().max()?;
    let at = highs.iter().position(|high| high == best)?;
    let (first, last) = (climate.day(from), climate.day(from + count - 1));
    let goal = format!("On which day from {first} to {last} did the temperature in {} rise highest?", station.town);
    let calls =
        vec![find(station), ask("temperatures", station, &first, &last), Call::finish(json!(climate.day(from + at)))];
    (highs.iter().filter(|high| *high == best).count() == 1).then_some((goal, calls))
}

fn warmest(climate: &Climate, rng: &mut Rng) -> Option<(String, Vec<Call>)> {
    let towns: Vec<&Station> =
        rng.choose(climate.stations.len(), 3).into_iter().map(|at| &climate.stations[at]).collect();
    let at = rng.below(KEPT);
    let day = climate.day(at);
    let [a, b, c] = towns[..] else { return None };
    let (a, b, c) = (&a.town, &b.town, &c.town);
    let goal = format!("What was the highest temperature that {day} brought to the warmest of {a}, {b} and {c}?");
    let mut calls: Vec<Call> =
        towns.iter().flat_map(|station| [find(station), ask("temperatures", station, &day, &day)]).collect();
    calls.push(answer(towns.iter().map(|station| station.highs[at]).max()?));
    Some((goal, calls))
}

fn difference(climate: &Climate, rng: &mut Rng) -> Option<(String, Vec<Call>)> {
    let [a, b] = <[usize; 2]>::try_from(rng.choose(climate.stations.len(), 2)).ok()?;
    let (a, b, at) = (&climate.stations[a], &climate.stations[b], rng.below(KEPT));
    let day = climate.day(at);
    let warmer = a.highs[at] - b.highs[at];
    let (here, there) = (&a.town, &b.town);
    let goal = format!("How many degrees higher than in {there} did the temperature rise in {here} on {day}?");
    let calls =
        vec![find(a), ask("temperatures", a, &day, &day), find(b), ask("temperatures", b, &day, &day), answer(warmer)];
    (warmer > 0).then_some((goal, calls))
}
