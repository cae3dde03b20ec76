//! Films and the people who made them: questions that join tables.

use record::Rng;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::day::day_text;
use super::super::service::{Function, Named, Refused, Service, argument, dict};
use super::names::Names;
use super::same_text;
use super::scene::{Call, Level, Machine, Manual, Puzzle, Scene};
use crate::python::Value;

/// Films and people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cinema {
    films: Vec<Film>,
    people: Vec<Person>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Film {
    id: i64,
    title: String,
    year: i64,
    cost: i64,
    income: i64,
    director: i64,
    /// Who plays whom.
    cast: Vec<(i64, String)>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Person {
    id: i64,
    name: String,
    born: String,
    birthplace: String,
}

/// What is said of the tools.
pub const MANUAL: Manual = Manual {
    about: "The tools know films and people. Most of them ask for an id, which a search tells.",
    tools: &[
        ("search_film", "the id of a film"),
        ("film_details", "the year when a film came out, what it cost and what it earned, in dollars"),
        ("film_cast", "who plays whom in a film"),
        ("film_director", "who directed a film"),
        ("search_person", "the id of a person"),
        ("person_details", "when and where a person was born"),
        ("person_films", "the films in which a person plays"),
    ],
};

const FUNCTIONS: &[Function] = &[
    Function { name: "search_film", keys: &["title"] },
    Function { name: "film_details", keys: &["film_id"] },
    Function { name: "film_cast", keys: &["film_id"] },
    Function { name: "film_director", keys: &["film_id"] },
    Function { name: "search_person", keys: &["name"] },
    Function { name: "person_details", keys: &["person_id"] },
    Function { name: "person_films", keys: &["person_id"] },
];

impl Cinema {
    fn draw(rng: &mut Rng, names: &mut Names) -> Self {
        let ids: Vec<i64> = rng.choose(9000, 22).into_iter().map(|id| id as i64 + 1000).collect();
        let people: Vec<Person> = ids[..12]
            .iter()
            .map(|&id| Person {
                id,
                name: names.person(rng),
                born: day_text(rng.between(0, 13_000) as i64 - 10_000),
                birthplace: names.town(rng),
            })
            .collect();
        let films = ids[12..].iter().map(|&id| Film::draw(rng, names, id, &people)).collect();
        Self { films, people }
    }

    fn film(&self, id: &Value) -> Result<&Film, Refused> {
        let found = self.films.iter().find(|film| same_text(id, &film.id.to_string()));
        found.ok_or_else(|| Refused::Told("There is no film with this id; search_film tells it.".into()))
    }

    fn person(&self, id: &Value) -> Result<&Person, Refused> {
        let found = self.people.iter().find(|person| same_text(id, &person.id.to_string()));
        found.ok_or_else(|| Refused::Told("There is no person with this id; search_person tells it.".into()))
    }

    fn known(&self, id: i64) -> Option<&Person> {
        self.people.iter().find(|person| person.id == id)
    }

    fn with(&self, id: i64) -> impl Iterator<Item = &Film> {
        self.films.iter().filter(move |film| film.cast.iter().any(|(person, _)| *person == id))
    }
}

impl Film {
    fn draw(rng: &mut Rng, names: &mut Names, id: i64, people: &[Person]) -> Self {
        let count = rng.between(2, 4);
        let chosen: Vec<i64> = rng.choose(people.len(), count + 1).into_iter().map(|at| people[at].id).collect();
        let cost = rng.between(10, 900) as i64 * 1000;
        Self {
            id,
            title: names.film(rng),
            year: rng.between(1948, 2023) as i64,
            cost,
            income: cost + rng.between(11, 990) as i64 * 1000,
            director: chosen.first().copied().unwrap_or_default(),
            cast: chosen.iter().skip(1).map(|&person| (person, names.town(rng))).collect(),
        }
    }
}

fn number(value: i64) -> Value {
    Value::Int(value.into())
}

fn name_of(person: Option<&Person>) -> Value {
    Value::from(person.map_or("", |person| person.name.as_str()))
}

impl Service for Cinema {
    fn functions(&self) -> &'static [Function] {
        FUNCTIONS
    }

    fn call(&mut self, function: &'static str, arguments: &Named) -> Result<Value, Refused> {
        let of = |name: &str| argument(arguments, name);
        match function {
            "search_film" => {
                let found = self.films.iter().find(|film| same_text(of("title"), &film.title));
                let film = found.ok_or_else(|| Refused::Told("There is no film with this title.".into()))?;
                Ok(dict([("film_id", number(film.id)), ("title", Value::from(film.title.as_str()))]))
            }
            "film_details" => {
                let film = self.film(of("film_id"))?;
                Ok(dict([("year", number(film.year)), ("cost", number(film.cost)), ("income", number(film.income))]))
            }
            "film_cast" => {
                let role = |(person, role): &(i64, String)| {
                    let name = name_of(self.known(*person));
                    dict([("person_id", number(*person)), ("name", name), ("role", Value::from(role.as_str()))])
                };
                Ok(Value::List(self.film(of("film_id"))?.cast.iter().map(role).collect()))
            }
            "film_director" => {
                let id = self.film(of("film_id"))?.director;
                Ok(dict([("person_id", number(id)), ("name", name_of(self.known(id)))]))
            }
            "search_person" => {
                let found = self.people.iter().find(|person| same_text(of("name"), &person.name));
                let person = found.ok_or_else(|| Refused::Told("There is no person with this name.".into()))?;
                Ok(dict([("person_id", number(person.id)), ("name", Value::from(person.name.as_str()))]))
            }
            "person_details" => {
                let person = self.person(of("person_id"))?;
                let birthplace = Value::from(person.birthplace.as_str());
                Ok(dict([("born", Value::from(person.born.as_str())), ("birthplace", birthplace)]))
            }
            _ => {
                let id = self.person(of("person_id"))?.id;
                let film =
                    |film: &Film| dict([("film_id", number(film.id)), ("title", Value::from(film.title.as_str()))]);
                Ok(Value::List(self.with(id).map(film).collect()))
            }
        }
    }
}

impl Machine for Cinema {}

/// A question about films; `None` where the one that was drawn has no single answer.
pub fn draw(rng: &mut Rng, names: &mut Names, level: Level) -> Option<Puzzle> {
    let cinema = Cinema::draw(rng, names);
    let kinds: &[Question] = match level {
        Level::Easy => &[year, born, birthplace],
        Level::Hard => &[director, earnings, both, player],
    };
    let (goal, calls) = rng.pick(kinds)?(&cinema, rng)?;
    Some(Puzzle { scene: Scene::Films(cinema), goal, calls })
}

type Question = fn(&Cinema, &mut Rng) -> Option<(String, Vec<Call>)>;

fn search(film: &Film) -> Call {
    Call::new("search_film", [("title", json!(film.title))])
}

fn about(tool: &str, film: &Film) -> Call {
    Call::new(tool, [("film_id", json!(film.id))])
}

fn seek(person: &Person) -> Call {
    Call::new("search_person", [("name", json!(person.name))])
}

fn of(tool: &str, person: &Person) -> Call {
    Call::new(tool, [("person_id", json!(person.id))])
}

fn year(cinema: &Cinema, rng: &mut Rng) -> Option<(String, Vec<Call>)> {
    let film = rng.pick(&cinema.films)?;
    let goal = format!("In which year did the film \"{}\" come out?", film.title);
    Some((goal, vec![search(film), about("film_details", film), Call::finish(json!(film.year))]))
}

fn born(cinema: &Cinema, rng: &mut Rng) -> Option<(String, Vec<Call>)> {
    let person = rng.pick(&cinema.people)?;
    let goal = format!("On which day was {} born?", person.name);
    Some((goal, vec![seek(person), of("person_details", person), Call::finish(json!(person.born))]))
}

fn birthplace(cinema: &Cinema, rng: &mut Rng) -> Option<(String, Vec<Call>)> {
    let person = rng.pick(&cinema.people)?;
    let goal = format!("In which town was {} born?", person.name);
    Some((goal, vec![seek(person), of("person_details", person), Call::finish(json!(person.birthplace))]))
}

fn director(cinema: &Cinema, rng: &mut Rng) -> Option<(String, Vec<Call>)> {
    let film = rng.pick(&cinema.films)?;
    let person = cinema.known(film.director)?;
    let goal = format!("On which day was the director of \"{}\" born?", film.title);
    let calls = vec![search(film), about("film_director", film), of("person_details", person)];
    Some((goal, [calls, vec![Call::finish(json!(person.born))]].concat()))
}

fn earnings(cinema: &Cinema, rng: &mut Rng) -> Option<(String, Vec<Call>)> {
    let [a, b] = <[usize; 2]>::try_from(rng.choose(cinema.films.len(), 2)).ok()?;
    let (a, b) = (&cinema.films[a], &cinema.films[b]);
    let goal = format!("How many dollars did the films \"{}\" and \"{}\" earn, both taken together?", a.title, b.title);
    let calls = vec![search(a), about("film_details", a), search(b), about("film_details", b)];
    Some((goal, [calls, vec![Call::finish(json!(a.income + b.income))]].concat()))
}

fn both(cinema: &Cinema, rng: &mut Rng) -> Option<(String, Vec<Call>)> {
    let [a, b] = <[usize; 2]>::try_from(rng.choose(cinema.people.len(), 2)).ok()?;
    let (a, b) = (&cinema.people[a], &cinema.people[b]);
    let shared: Vec<&Film> =
        cinema.with(a.id).filter(|film| cinema.with(b.id).any(|other| other.id == film.id)).collect();
    let [film] = shared[..] else { return None };
    if cinema.with(a.id).count() < 3 {
        return None;
    }
    let goal = format!("In which film do both {} and {} play? Give its title.", a.name, b.name);
    let calls = vec![seek(a), of("person_films", a), seek(b), of("person_films", b)];
    Some((goal, [calls, vec![Call::finish(json!(film.title))]].concat()))
}

fn player(cinema: &Cinema, rng: &mut Rng) -> Option<(String, Vec<Call>)> {
    let film = rng.pick(&cinema.films)?;
    let (person, role) = rng.pick(&film.cast)?;
    let person = cinema.known(*person)?;
    let goal = format!("In which town was the one born who plays {role} in \"{}\"?", film.title);
    let calls = vec![search(film), about("film_cast", film), of("person_details", person)];
    Some((goal, [calls, vec![Call::finish(json!(person.birthplace))]].concat()))
}
