//! The invented services: stores of things, each with its own names.

use num_bigint::BigInt;
use serde_json::{Value as Json, json};

use crate::Split;
use crate::python::{Value, compared, text};
use crate::tool_use::bfcl::service::{Answer, Given, Service, error, find, keys, object, said, set};

/// A kind of store.
pub(super) struct Kind {
    pub class: &'static str,
    pub place: &'static str,
    pub things: [&'static str; 6],
    methods: [(&'static str, &'static str); 5],
    split: Split,
}

macro_rules! stores {
    ($($split:ident $class:literal $name:literal $place:literal $things:expr;)+) => {
        const KINDS: &[Kind] = &[$(Kind {
            class: $class,
            place: $place,
            things: $things,
            methods: [
                (concat!($name, "_add"), "name, amount"),
                (concat!($name, "_remove"), "name, amount"),
                (concat!($name, "_count"), "name"),
                (concat!($name, "_list"), ""),
                (concat!($name, "_exchange"), "given, taken, amount"),
            ],
            split: Split::$split,
        }),+];
    };
}

stores! {
    Test "PantryStore" "pantry" "the pantry" ["honey", "rice", "beans", "flour", "salt", "tea"];
    Test "StableStore" "stable" "the stable" ["hay", "oats", "saddles", "ropes", "buckets", "brushes"];
    Test "ArsenalStore" "toolroom" "the tool room" ["hammers", "nails", "saws", "drills", "clamps", "screws"];
    Test "CellarStore" "cellar" "the cellar" ["barrels", "bottles", "corks", "cheeses", "hams", "candles"];
    Train "GarageStore" "garage" "the garage" ["tires", "bolts", "belts", "filters", "bulbs", "cables"];
    Train "LibraryStore" "archive" "the archive" ["maps", "letters", "prints", "ledgers", "scrolls", "stamps"];
    Train "GreenhouseStore" "greenhouse" "the greenhouse" ["pots", "seeds", "roses", "ferns", "spades", "lamps"];
    Train "KitchenStore" "kitchen" "the kitchen" ["plates", "spoons", "forks", "bowls", "pans", "cups"];
}

/// The stores of a split.
pub(super) fn kinds(split: Split) -> Vec<&'static Kind> {
    KINDS.iter().filter(|kind| kind.split == split).collect()
}

/// The store of a class.
pub(super) fn kind(class: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.class == class)
}

/// Sentences about the methods, and the parameters of each.
const DOCUMENTS: [&str; 5] = [
    "Puts things into",
    "Takes things out of",
    "Says how many of a thing are in",
    "Lists the things in",
    "Takes things out of, and puts as many of another in,",
];

impl Kind {
    /// A method's name by its place in the list.
    pub(super) fn method(&self, at: usize) -> &'static str {
        self.methods.get(at).map_or("", |(name, _)| name)
    }

    pub(super) fn documents(&self) -> Vec<Json> {
        let all = self.methods.iter().zip(DOCUMENTS).map(|((name, parameters), about)| {
            let names: Vec<&str> = parameters.split(", ").filter(|name| !name.is_empty()).collect();
            let property = |name: &&str| {
                let (kind, about) = match *name {
                    "amount" => ("integer", "How many."),
                    "taken" => ("string", "The thing that is taken out."),
                    "given" => ("string", "The thing that is put in."),
                    _ => ("string", "The thing."),
                };
                ((*name).to_owned(), json!({"type": kind, "description": about}))
            };
            let properties: serde_json::Map<String, Json> = names.iter().map(property).collect();
            json!({
                "name": name,
                "description": format!("{about} {}.", self.place),
                "parameters": {"type": "dict", "properties": properties, "required": names},
            })
        });
        all.collect()
    }
}

/// A store with things in it.
struct Store {
    kind: &'static Kind,
    things: Value,
    /// How often something was put in or taken out.
    changes: usize,
}

/// The store of a class with the things of its scenario; `None` for other classes.
pub(in crate::tool_use::bfcl) fn service(class: &str, scenario: &Value) -> Option<Box<dyn Service>> {
    let things = scenario.get("things").cloned().unwrap_or_else(|| object([]));
    Some(Box::new(Store { kind: kind(class)?, things, changes: 0 }))
}

impl Store {
    fn count(&self, name: &Value) -> BigInt {
        find(&self.things, name).and_then(Value::whole).unwrap_or_default()
    }

    /// Puts things in, or takes them out.
    fn change(&mut self, name: &Value, amount: &Value, out: bool) -> Answer {
        if !compared(amount, ">", &Value::Int(BigInt::ZERO))? {
            return Ok(error("The amount must be positive."));
        }
        let Some(amount) = amount.whole() else { return Ok(error("The amount must be a whole number.")) };
        let has = self.count(name);
        if out && has < amount {
            return Ok(error(format!("There are only {has} of {}.", text(name))));
        }
        let left = if out { has - amount } else { has + amount };
        set(&mut self.things, name.clone(), Value::Int(left.clone()));
        self.changes += 1;
        Ok(object([("name", name.clone()), ("amount", Value::Int(left))]))
    }
}

impl Service for Store {
    fn class(&self) -> &'static str {
        self.kind.class
    }

    fn methods(&self) -> &'static [(&'static str, &'static str)] {
        &self.kind.methods
    }

    fn call(&mut self, method: &str, given: &Given) -> Answer {
        match method.rsplit('_').next() {
            Some("add") => self.change(&given[0], &given[1], false),
            Some("remove") => self.change(&given[0], &given[1], true),
            Some("count") => Ok(object([("amount", Value::Int(self.count(&given[0])))])),
            Some("list") => Ok(object([("things", Value::List(keys(&self.things)))])),
            _ => {
                let taken = self.change(&given[1], &given[2], true)?;
                if taken.get("error").is_some() {
                    return Ok(taken);
                }
                self.change(&given[0], &given[2], false)?;
                Ok(said("status", "Exchanged."))
            }
        }
    }

    fn state(&self) -> Vec<(&'static str, Value)> {
        vec![("things", self.things.clone()), ("changes", Value::Int(self.changes.into()))]
    }
}
