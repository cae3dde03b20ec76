//! `TravelAPI`: cards, flights, bookings and insurance.

use super::long::Extensions;
use super::trading::{date, to_float};
use super::travel_data::{AIRPORTS, CITIES, RATES, ROUTES};
use super::values::{
    Draws, contains, error, field, find, find_mut, item, keys, object, remove, said, set, text_for, whole, words_of,
};
use super::{Answer, Given, Service};
use crate::python::{Value, add, compared, divide, multiply, rounded, subtract, text};
use crate::tool_use::bfcl::Switches;

const METHODS: &[(&str, &str)] = &[
    ("authenticate_travel", "client_id, client_secret, refresh_token, grant_type, user_first_name, user_last_name"),
    ("travel_get_login_status", ""),
    ("get_budget_fiscal_year", "lastModifiedAfter=None, includeRemoved=None"),
    ("register_credit_card", "access_token, card_number, expiration_date, cardholder_name, card_verification_number"),
    ("get_flight_cost", "travel_from, travel_to, travel_date, travel_class"),
    ("get_credit_card_balance", "access_token, card_id"),
    ("book_flight", "access_token, card_id, travel_date, travel_from, travel_to, travel_class"),
    ("retrieve_invoice", "access_token, booking_id=None, insurance_id=None"),
    ("get_booking_history", "access_token"),
    ("list_all_airports", ""),
    ("cancel_booking", "access_token, booking_id"),
    ("compute_exchange_rate", "base_currency, target_currency, value"),
    ("verify_traveler_information", "first_name, last_name, date_of_birth, passport_number"),
    ("set_budget_limit", "access_token, budget_limit"),
    ("get_nearest_airport_by_city", "location"),
    ("purchase_insurance", "access_token, insurance_type, booking_id, insurance_cost, card_id"),
    ("contact_customer_support", "booking_id, message"),
    ("get_all_credit_cards", ""),
];

const NO_CLASS: &str = "Invalid travel class. Options are: economy, business, first.";

pub(super) struct Travel {
    draws: Draws,
    long: bool,
    cards: Value,
    bookings: Value,
    token: Value,
    token_type: Value,
    expires: Value,
    scope: Value,
    first_name: Value,
    last_name: Value,
    limit: Value,
}

impl Travel {
    pub(super) fn new(scenario: &Value, long: Option<&Extensions>, switches: &Switches) -> Self {
        let nothing = |name: &str| field(scenario, name, || Value::None);
        let table = |name: &str, more: Option<&Value>| {
            let mut table = field(scenario, name, || Value::Dict(Vec::new()));
            if let Some(Value::Dict(pairs)) = more {
                for (key, value) in pairs {
                    if find(&table, key).is_none() {
                        set(&mut table, key.clone(), value.clone());
                    }
                }
            }
            table
        };
        Self {
            draws: Draws::new(scenario, 141_053, switches.own_draws),
            long: long.is_some(),
            cards: table("credit_card_list", long.map(|long| &long.credit_cards)),
            bookings: table("booking_record", long.map(|long| &long.bookings)),
            token: nothing("access_token"),
            token_type: nothing("token_type"),
            expires: nothing("token_expires_in"),
            scope: nothing("token_scope"),
            first_name: nothing("user_first_name"),
            last_name: nothing("user_last_name"),
            limit: nothing("budget_limit"),
        }
    }

    fn authenticate(&mut self, given: &Given) -> Value {
        self.expires = whole(2);
        self.token = words_of(self.draws.of("authenticate_travel").whole(100_000, 999_999));
        self.token_type = Value::from("Bearer");
        self.scope = given[3].clone();
        self.first_name = given[4].clone();
        self.last_name = given[5].clone();
        object([
            ("expires_in", whole(2)),
            ("access_token", self.token.clone()),
            ("token_type", Value::from("Bearer")),
            ("scope", self.scope.clone()),
        ])
    }

    /// What is wrong with a token.
    fn token_problem(&self, token: &Value) -> Option<&'static str> {
        if self.expires == whole(0) {
            return Some("Token expired");
        }
        (self.token != *token).then_some("Invalid access token")
    }

    fn register(&mut self, given: &Given) -> Answer {
        if self.expires == Value::None {
            return Ok(error("Token not initialized"));
        }
        if let Some(problem) = self.token_problem(&given[0]) {
            return Ok(error(problem));
        }
        if contains(&self.cards, &given[1])? {
            return Ok(error("Card already registered"));
        }
        let random = self.draws.of("register_credit_card");
        let id = words_of(random.whole(100_000_000_000, 999_999_999_999));
        let balance = whole(random.whole(10_000, 99_999));
        let card = object([
            ("card_number", given[1].clone()),
            ("expiration_date", given[2].clone()),
            ("cardholder_name", given[3].clone()),
            ("card_verification_number", given[4].clone()),
            ("balance", balance),
        ]);
        set(&mut self.cards, id.clone(), card);
        Ok(object([("card_id", id)]))
    }

    /// The cost of a flight, and what is told of it: that alone, or in long context the costs of all routes.
    fn costs(&self, from: &Value, to: &Value, day: &Value, class: &Value) -> Result<(f64, Vec<f64>), String> {
        let route = |(a, b, _): &&(&str, &str, u32)| *from == Value::from(*a) && *to == Value::from(*b);
        let base = ROUTES.iter().find(route).ok_or("No available route for the given airports.")?.2;
        let factor = match text(class).as_str() {
            "economy" => 1.0,
            "business" => 2.0,
            "first" => 5.0,
            _ => return Err(NO_CLASS.to_owned()),
        };
        let digits: u32 = text_for(day, "replace")?.chars().filter_map(|c| c.to_digit(10)).sum();
        let times = if digits.is_multiple_of(2) { 2.0 } else { 1.0 };
        let cost = |base: u32| f64::from(base) * factor * times;
        let told = if self.long { ROUTES.iter().map(|(_, _, base)| cost(*base)).collect() } else { vec![cost(base)] };
        Ok((cost(base), told))
    }

    fn balance(&self, id: &Value) -> Answer {
        match find(&self.cards, id) {
            Some(card) => Ok(object([("card_balance", item(card, "balance")?.clone())])),
            None => {
                let all = Value::List(keys(&self.cards));
                Ok(error(format!("Card not registered. Here are a list of card_id's: {all}")))
            }
        }
    }

    fn book(&mut self, given: &Given) -> Answer {
        let (id, day, from, to, class) = (&given[1], &given[2], &given[3], &given[4], &given[5]);
        let refused = |why: &str| Ok(object([("booking_status", Value::Bool(false)), ("error", Value::from(why))]));
        let Some(card) = find(&self.cards, id) else { return refused("Card not registered") };
        let Some(balance) = card.get("balance").cloned() else { return refused("Balance not found") };
        let known = |code: &Value| AIRPORTS.iter().any(|airport| *code == Value::from(*airport));
        if !known(from) {
            return refused(&format!("Invalid departure airport code: {}", text(from)));
        }
        if !known(to) {
            return refused(&format!("Invalid destination airport code: {}", text(to)));
        }
        if date(day).is_err() {
            return refused("Invalid date format. Use YYYY-MM-DD.");
        }
        if !["economy", "business", "first"].contains(&text(class).as_str()) {
            return refused("Invalid travel class. Must be one of {'economy', 'business', 'first'}");
        }
        let cost = match self.costs(from, to, day, class) {
            Ok((cost, _)) => Value::Float(cost),
            Err(why) => return refused(&why),
        };
        if compared(&balance, "<", &cost)? {
            return refused("Insufficient funds");
        }
        if self.limit != Value::None && compared(&balance, "<", &self.limit)? {
            return refused("Balance is less than budget limit");
        }
        let left = subtract(&balance, &cost)?;
        if let Some(card) = find_mut(&mut self.cards, id) {
            set(card, Value::from("balance"), left);
        }
        let random = self.draws.of("book_flight");
        let booking = words_of(random.whole(1_000_000, 9_999_999));
        let transaction = words_of(random.whole(10_000_000, 99_999_999));
        let record = object([
            ("card_id", id.clone()),
            ("travel_date", day.clone()),
            ("travel_from", from.clone()),
            ("travel_to", to.clone()),
            ("travel_class", class.clone()),
            ("travel_cost", cost),
            ("transaction_id", transaction.clone()),
        ]);
        set(&mut self.bookings, booking.clone(), record);
        let history = if self.long { self.bookings.clone() } else { Value::Dict(Vec::new()) };
        Ok(object([
            ("booking_id", booking),
            ("transaction_id", transaction),
            ("booking_status", Value::Bool(true)),
            ("booking_history", history),
        ]))
    }

    fn invoice(&self, id: &Value) -> Answer {
        let Some(record) = find(&self.bookings, id) else { return Ok(error("Booking not found")) };
        let mut invoice = object([("booking_id", id.clone())]);
        for key in ["travel_date", "travel_from", "travel_to", "travel_class", "travel_cost", "transaction_id"] {
            set(&mut invoice, Value::from(key), item(record, key)?.clone());
        }
        Ok(object([("invoice", invoice)]))
    }

    fn cancel(&mut self, id: &Value) -> Answer {
        let Some(record) = find(&self.bookings, id).cloned() else {
            return Ok(object([("cancel_status", Value::Bool(false)), ("error", Value::from("Booking not found"))]));
        };
        let (card, cost) = (item(&record, "card_id")?.clone(), item(&record, "travel_cost")?.clone());
        self.pay(&card, |balance| add(balance, &cost))?;
        remove(&mut self.bookings, id);
        Ok(object([("cancel_status", Value::Bool(true))]))
    }

    /// Changes the balance of a card.
    fn pay(&mut self, card: &Value, change: impl FnOnce(&Value) -> Answer) -> Result<(), String> {
        let card = find_mut(&mut self.cards, card).ok_or_else(|| card.to_string())?;
        let left = change(item(card, "balance")?)?;
        set(card, Value::from("balance"), left);
        Ok(())
    }

    fn insure(&mut self, given: &Given) -> Answer {
        let (booking, cost, card) = (&given[2], &given[3], &given[4]);
        let refused = |why: &str| Ok(object([("insurance_status", Value::Bool(false)), ("error", Value::from(why))]));
        if self.limit != Value::None && compared(&self.limit, "<", cost)? {
            return refused("Exceeded budget limit");
        }
        if find(&self.bookings, booking).is_none() {
            return refused("Booking not found");
        }
        if find(&self.cards, card).is_none() {
            return refused("Credit card not registered");
        }
        self.pay(card, |balance| subtract(balance, cost))?;
        let id = words_of(self.draws.of("purchase_insurance").whole(100_000_000, 999_999_999));
        Ok(object([("insurance_id", id), ("insurance_status", Value::Bool(true))]))
    }

    fn support(&self, booking: &Value) -> Value {
        match find(&self.bookings, booking) {
            None => error("Booking not found"),
            Some(_) => said(
                "customer_support_message",
                "Thank you for contacting customer support. Your message has been received and we will get back \
                 to you shortly.",
            ),
        }
    }

    fn verify(&self, given: &Given) -> Answer {
        let refused = |why: String| {
            Ok(object([("verification_status", Value::Bool(false)), ("verification_failure", words_of(why))]))
        };
        if self.first_name != given[0] || self.last_name != given[1] {
            return refused(format!(
                "Cannot book flight information for another user.Expected {} {}, got {} {}",
                text(&self.first_name),
                text(&self.last_name),
                text(&given[0]),
                text(&given[1])
            ));
        }
        let Ok(born) = date(&given[2]) else {
            return refused("Invalid date of birth format. Please use YYYY-MM-DD.".to_owned());
        };
        // The reference asks the clock; here it is the day of its release.
        let (year, month, day) = TODAY;
        let age = i64::from(year) - i64::from(born.0) - i64::from((month, day) < (born.1, born.2));
        if age < 18 {
            return refused("Traveler must be at least 18 years old.".to_owned());
        }
        if !text_for(&given[3], "startswith")?.starts_with("US") {
            return refused("Passport must be issued by the United States.".to_owned());
        }
        Ok(object([("verification_status", Value::Bool(true))]))
    }
}

/// The day on which a traveler's age is counted.
const TODAY: (u32, u32, u32) = (2026, 3, 23);

fn exchanged(from: &Value, to: &Value, value: &Value) -> Answer {
    let rate = |of: &Value| RATES.iter().find(|(name, _)| *of == Value::from(*name)).map(|(_, rate)| *rate);
    let exact = |rate: f64| if rate.fract() == 0.0 { whole(rate as u64) } else { Value::Float(rate) };
    let usd = Value::from("USD");
    let made = if let Some(rate) = rate(to).filter(|_| *from == usd) {
        to_float(&multiply(value, &exact(rate))?)?
    } else if let Some(rate) = rate(from).filter(|_| *to == usd) {
        rounded(&divide(value, &exact(rate))?, 2)?
    } else {
        return Err("No available exchange rate for the given currencies.".to_owned());
    };
    Ok(object([("exchanged_value", made)]))
}

impl Service for Travel {
    fn class(&self) -> &'static str {
        "TravelAPI"
    }

    fn methods(&self) -> &'static [(&'static str, &'static str)] {
        METHODS
    }

    fn call(&mut self, method: &str, given: &Given) -> Answer {
        let status = match method {
            "book_flight" => Some("booking_status"),
            "cancel_booking" => Some("cancel_status"),
            "purchase_insurance" => Some("insurance_status"),
            _ => None,
        };
        let plain = matches!(
            method,
            "get_credit_card_balance" | "retrieve_invoice" | "get_booking_history" | "set_budget_limit"
        );
        if (plain || status.is_some())
            && let Some(problem) = self.token_problem(&given[0])
        {
            return Ok(match status {
                Some(status) => object([(status, Value::Bool(false)), ("error", Value::from(problem))]),
                None => error(problem),
            });
        }
        given.keys(match method {
            "get_flight_cost" => &[0, 1],
            "get_credit_card_balance" | "book_flight" | "retrieve_invoice" | "cancel_booking" => &[1],
            "get_nearest_airport_by_city" | "contact_customer_support" => &[0],
            _ => &[],
        })?;
        match method {
            "authenticate_travel" => Ok(self.authenticate(given)),
            "travel_get_login_status" => {
                let out = self.expires == Value::None || self.expires == whole(0);
                Ok(object([("status", Value::Bool(!out))]))
            }
            "get_budget_fiscal_year" => Ok(said("budget_fiscal_year", "2018")),
            "register_credit_card" => self.register(given),
            "get_flight_cost" => {
                let (_, costs) = self.costs(&given[0], &given[1], &given[2], &given[3])?;
                Ok(object([("travel_cost_list", Value::List(costs.into_iter().map(Value::Float).collect()))]))
            }
            "get_credit_card_balance" => self.balance(&given[1]),
            "book_flight" => self.book(given),
            "retrieve_invoice" => self.invoice(&given[1]),
            "get_booking_history" => Ok(object([("booking_history", self.bookings.clone())])),
            "list_all_airports" => Ok(Value::List(AIRPORTS.map(Value::from).into())),
            "cancel_booking" => self.cancel(&given[1]),
            "compute_exchange_rate" => exchanged(&given[0], &given[1], &given[2]),
            "verify_traveler_information" => self.verify(given),
            "set_budget_limit" => {
                self.limit = to_float(&given[1])?;
                Ok(object([("budget_limit", self.limit.clone())]))
            }
            "get_nearest_airport_by_city" => {
                let known = CITIES.iter().find(|(city, _)| given[0] == Value::from(*city));
                Ok(said("nearest_airport", known.map_or("Unknown", |(_, code)| code)))
            }
            "purchase_insurance" => self.insure(given),
            "contact_customer_support" => Ok(self.support(&given[0])),
            _ => Ok(object([("credit_card_list", self.cards.clone())])),
        }
    }

    fn state(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("credit_card_list", self.cards.clone()),
            ("booking_record", self.bookings.clone()),
            ("access_token", self.token.clone()),
            ("token_type", self.token_type.clone()),
            ("token_expires_in", self.expires.clone()),
            ("token_scope", self.scope.clone()),
            ("user_first_name", self.first_name.clone()),
            ("user_last_name", self.last_name.clone()),
            ("budget_limit", self.limit.clone()),
            ("long_context", Value::Bool(self.long)),
        ]
    }
}
