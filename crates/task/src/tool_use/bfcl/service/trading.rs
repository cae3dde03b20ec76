//! `TradingBot`: stocks, orders and an account.

use super::long::Extensions;
use super::trading_data::{STOCK_FIELDS, STOCKS, SYMBOLS};
use super::values::{
    Draws, append, contains, error, field, find, find_mut, item, iterated, keys, object, said, set, text_for, whole,
    words_of,
};
use super::{Answer, Given, Service};
use crate::python::{Value, add, compared, float_of, int_of, multiply, subtract, text};
use crate::tool_use::bfcl::Switches;

const METHODS: &[(&str, &str)] = &[
    ("get_current_time", ""),
    ("get_symbol_by_name", "name"),
    ("get_stock_info", "symbol"),
    ("get_order_details", "order_id"),
    ("cancel_order", "order_id"),
    ("place_order", "order_type, symbol, price, amount"),
    ("withdraw_funds", "amount"),
    ("get_account_info", ""),
    ("trading_login", "username, password"),
    ("trading_get_login_status", ""),
    ("trading_logout", ""),
    ("fund_account", "amount"),
    ("remove_stock_from_watchlist", "symbol"),
    ("get_watchlist", ""),
    ("get_order_history", ""),
    ("get_transaction_history", "start_date=None, end_date=None"),
    ("get_available_stocks", "sector"),
    ("filter_stocks_by_price", "stocks, min_price, max_price"),
    ("add_to_watchlist", "stock"),
    ("notify_price_change", "stocks, threshold"),
];

pub(super) struct Trading {
    draws: Draws,
    long: Option<Extensions>,
    orders: Value,
    account: Value,
    authenticated: Value,
    market: Value,
    counter: Value,
    stocks: Value,
    watched: Value,
    history: Value,
}

fn order(id: u32, kind: &str, symbol: &str, (price, amount): (f64, u32), status: &str) -> (Value, Value) {
    let made = object([
        ("id", whole(id)),
        ("order_type", Value::from(kind)),
        ("symbol", Value::from(symbol)),
        ("price", Value::Float(price)),
        ("amount", whole(amount)),
        ("status", Value::from(status)),
    ]);
    (whole(id), made)
}

fn default_stocks() -> Value {
    let stock = |(name, numbers): (&str, [f64; 5])| {
        let pairs = STOCK_FIELDS.iter().zip(numbers);
        (Value::from(name), Value::Dict(pairs.map(|(key, n)| (Value::from(*key), Value::Float(n))).collect()))
    };
    Value::Dict(STOCKS.map(stock).into())
}

impl Trading {
    pub(super) fn new(scenario: &Value, long: Option<&Extensions>, switches: &Switches) -> Self {
        let orders = || {
            let sold = order(12446, "Sell", "GOOG", (2840.56, 5), "Pending");
            Value::Dict(vec![order(12345, "Buy", "AAPL", (210.65, 10), "Completed"), sold])
        };
        let account = || {
            let card = whole(1_974_202_140_965_533_u64);
            object([("account_id", whole(12345)), ("balance", Value::Float(10000.0)), ("binding_card", card)])
        };
        let orders = match field(scenario, "orders", orders) {
            // Keys of digits only are numbers.
            Value::Dict(pairs) => {
                let number = |key: &Value| {
                    let digits = text(key);
                    let digits = Some(digits).filter(|text| text.chars().all(crate::python::is_digit));
                    digits.and_then(|digits| int_of(&digits)).map_or_else(|| key.clone(), Value::Int)
                };
                Value::Dict(pairs.into_iter().map(|(key, value)| (number(&key), value)).collect())
            }
            other => other,
        };
        Self {
            draws: Draws::new(scenario, 1_053_520, switches.own_draws),
            long: long.cloned(),
            orders,
            account: field(scenario, "account_info", account),
            authenticated: field(scenario, "authenticated", || Value::Bool(false)),
            market: field(scenario, "market_status", || Value::from("Closed")),
            counter: field(scenario, "order_counter", || whole(12446)),
            stocks: field(scenario, "stocks", default_stocks),
            watched: field(scenario, "watch_list", || Value::List(vec![Value::from("NVDA")])),
            history: field(scenario, "transaction_history", || Value::List(Vec::new())),
        }
    }

    fn stock(&self, symbol: &Value) -> Value {
        let Some(stock) = find(&self.stocks, symbol) else {
            return error(format!("Stock with symbol '{}' not found.", text(symbol)));
        };
        let mut stock = stock.clone();
        if let Some(long) = &self.long {
            set(&mut stock, Value::from("MA(5)"), long.means_5.clone());
            set(&mut stock, Value::from("MA(20)"), long.means_20.clone());
        }
        stock
    }

    fn details(&self, id: &Value) -> Answer {
        let Some(order) = find(&self.orders, id) else {
            let all = Value::List(keys(&self.orders));
            return Ok(error(format!("Order with ID {} not found.Here is the list of orders_id: {all}", text(id))));
        };
        let mut order = order.clone();
        if let Some(long) = &self.long {
            let symbol = text(item(&order, "symbol")?);
            let Value::Dict(pairs) = &long.order_detail else { return Ok(order) };
            let filled =
                pairs.iter().map(|(key, value)| (key.clone(), words_of(text(value).replace("{symbol}", &symbol))));
            set(&mut order, Value::from("metadata"), Value::Dict(filled.collect()));
        }
        Ok(order)
    }

    fn cancel(&mut self, id: &Value) -> Answer {
        let Some(order) = find_mut(&mut self.orders, id) else {
            return Ok(error(format!("Order with ID {} not found.", text(id))));
        };
        if *item(order, "status")? == Value::from("Completed") {
            return Ok(error(format!("Can't cancel order {}. Order is already completed.", text(id))));
        }
        set(order, Value::from("status"), Value::from("Cancelled"));
        Ok(object([("order_id", id.clone()), ("status", Value::from("Cancelled"))]))
    }

    fn place(&mut self, given: &Given) -> Answer {
        let (kind, symbol, price, amount) = (&given[0], &given[1], &given[2], &given[3]);
        if find(&self.stocks, symbol).is_none() {
            return Ok(error(format!("Invalid stock symbol: {}", text(symbol))));
        }
        if compared(price, "<=", &whole(0))? || compared(amount, "<=", &whole(0))? {
            return Ok(error("Price and amount must be positive values."));
        }
        let price = to_float(price)?;
        if text_for(kind, "lower")?.to_lowercase() == "buy" {
            let needed = multiply(&price, &to_int(amount)?)?;
            let balance = self.account.get("balance").cloned().unwrap_or_else(|| whole(0));
            if compared(&needed, ">", &balance)? {
                let money = |value: &Value| value.float().unwrap_or_default();
                let (needed, has) = (money(&needed), money(&balance));
                let why = format!("Insufficient funds: required ${needed:.2} but only ${has:.2} available.");
                return Ok(error(why));
            }
        }
        let id = self.counter.clone();
        let made = |status: &str| {
            object([
                ("id", id.clone()),
                ("order_type", kind.clone()),
                ("symbol", symbol.clone()),
                ("price", price.clone()),
                ("amount", amount.clone()),
                ("status", Value::from(status)),
            ])
        };
        set(&mut self.orders, id.clone(), made("Open"));
        self.counter = add(&self.counter, &whole(1))?;
        Ok(object([
            ("order_id", id.clone()),
            ("order_type", kind.clone()),
            ("status", Value::from("Pending")),
            ("price", price.clone()),
            ("amount", amount.clone()),
        ]))
    }

    /// Takes money out or puts it in.
    fn transfer(&mut self, amount: &Value, out: bool) -> Answer {
        if !self.authenticated.truthy() {
            let doing = if out { "make a transaction" } else { "fund the account" };
            return Ok(error(format!("User not authenticated. Please log in to {doing}.")));
        }
        if out && self.market != Value::from("Open") {
            return Ok(error("Market is closed. Transactions are not allowed."));
        }
        if compared(amount, "<=", &whole(0))? {
            return Ok(error(format!("{} amount must be positive.", if out { "Transaction" } else { "Funding" })));
        }
        let balance = item(&self.account, "balance")?.clone();
        if out && compared(amount, ">", &balance)? {
            return Ok(error("Insufficient funds for withdrawal."));
        }
        let left = if out { subtract(&balance, amount)? } else { add(&balance, amount)? };
        set(&mut self.account, Value::from("balance"), left.clone());
        let method = if out { "withdraw_funds" } else { "fund_account" };
        let entry = object([
            ("type", Value::from(if out { "withdrawal" } else { "deposit" })),
            ("amount", amount.clone()),
            ("timestamp", words_of(timestamp(self.draws.of(method).whole(0, 86_400)))),
        ]);
        append(&mut self.history, entry)?;
        let status = if out { "Withdrawal successful" } else { "Account funded successfully" };
        Ok(object([("status", Value::from(status)), ("new_balance", left)]))
    }

    fn unwatch(&mut self, symbol: &Value) -> Answer {
        if !contains(&self.watched, symbol)? {
            return Ok(error(format!("Stock {} not found in watchlist.", text(symbol))));
        }
        if let Value::List(all) = &mut self.watched
            && let Some(at) = all.iter().position(|other| other == symbol)
        {
            all.remove(at);
        }
        Ok(said("status", format!("Stock {} removed from watchlist successfully.", text(symbol))))
    }

    fn watchlist(&self) -> Answer {
        match &self.long {
            None => Ok(object([("watchlist", self.watched.clone())])),
            Some(long) => add(&self.watched, &long.watch_list),
        }
    }

    fn transactions(&self, from: &Value, to: &Value) -> Answer {
        let from = if from.truthy() { Some(date(from)?) } else { None };
        let to = if to.truthy() { Some(date(to)?) } else { None };
        let mut kept = Vec::new();
        for entry in iterated(&self.history)? {
            if from.is_some() || to.is_some() {
                let stamp = stamped(item(&entry, "timestamp")?)?;
                if from.is_some_and(|from| stamp < (from, 0)) || to.is_some_and(|to| stamp > (to, 0)) {
                    continue;
                }
            }
            kept.push(entry);
        }
        if let Some(long) = &self.long {
            kept.extend(iterated(&long.transactions)?);
        }
        Ok(object([("transaction_history", Value::List(kept))]))
    }

    fn available(&self, sector: &Value) -> Answer {
        let (stocks, more): (&[&str], _) = match text(sector).as_str() {
            "Technology" => (&["AAPL", "GOOG", "MSFT", "NVDA"], self.long.as_ref().map(|long| &long.technology)),
            "Automobile" => (&["TSLA", "F", "GM"], self.long.as_ref().map(|long| &long.automobile)),
            _ => (&[], None),
        };
        let mut all: Vec<Value> = stocks.iter().map(words_of).collect();
        if let Some(more) = more {
            all.extend(iterated(more)?);
        }
        Ok(object([("stock_list", Value::List(all))]))
    }

    fn filter(&self, given: &Given) -> Answer {
        let mut kept = Vec::new();
        for stock in iterated(&given[0])? {
            let known = find(&self.stocks, &stock).and_then(|stock| stock.get("price").cloned());
            let price = known.unwrap_or_else(|| whole(0));
            if compared(&price, ">=", &given[1])? && compared(&price, "<=", &given[2])? {
                kept.push(stock);
            }
        }
        Ok(object([("filtered_stocks", Value::List(kept))]))
    }

    fn notify(&self, stocks: &Value, threshold: &Value) -> Answer {
        let mut changed = Vec::new();
        for stock in iterated(stocks)? {
            let Some(known) = find(&self.stocks, &stock) else { continue };
            let size = match item(known, "percent_change")? {
                Value::Float(float) => Value::Float(float.abs()),
                other => other.clone(),
            };
            if compared(&size, ">=", threshold)? {
                changed.push(text(&stock));
            }
        }
        let words = match changed.is_empty() {
            true => "No significant price changes in the selected stocks.".to_owned(),
            false => format!("Stocks {} have significant price changes.", changed.join(", ")),
        };
        Ok(said("notification", words))
    }

    /// What a method says without a login, if it needs one.
    fn refused(&self, method: &str) -> Option<Value> {
        let refused = |doing: &str| error(format!("User not authenticated. Please log in to {doing}."));
        if self.authenticated.truthy() {
            return None;
        }
        Some(match method {
            "place_order" => refused("place an order"),
            "get_account_info" => refused("view account information"),
            "remove_stock_from_watchlist" => refused("modify the watchlist"),
            "get_watchlist" => {
                let words = "Error: User not authenticated. Please log in to view the watchlist.";
                Value::List(vec![Value::from(words)])
            }
            "get_order_history" => Value::List(vec![refused("view order history")]),
            "get_transaction_history" => Value::List(vec![refused("view transaction history")]),
            _ => return None,
        })
    }

    fn session(&mut self, login: bool) -> Value {
        let was = self.authenticated.truthy();
        self.authenticated = Value::Bool(login);
        said(
            "status",
            match (login, was) {
                (true, true) => "Already logged in",
                (true, false) => "Logged in successfully",
                (false, true) => "Logged out successfully",
                (false, false) => "No user is currently logged in",
            },
        )
    }
}

/// `float(value)`
pub(super) fn to_float(value: &Value) -> Answer {
    match value {
        Value::Text(_) => float_of(&text(value))
            .map(Value::Float)
            .ok_or_else(|| format!("could not convert string to float: {value}")),
        value => value
            .float()
            .map(Value::Float)
            .ok_or_else(|| format!("float() argument must be a string or a real number, not '{}'", value.type_name())),
    }
}

/// `int(value)`
pub(super) fn to_int(value: &Value) -> Answer {
    match value {
        Value::Float(float) => {
            let whole = Value::Float(float.trunc());
            crate::python::whole_of(&whole).map(Value::Int).ok_or_else(|| "cannot convert float to integer".to_owned())
        }
        Value::Text(_) => int_of(&text(value))
            .map(Value::Int)
            .ok_or_else(|| format!("invalid literal for int() with base 10: {value}")),
        value => value.whole().map(Value::Int).ok_or_else(|| {
            format!(
                "int() argument must be a string, a bytes-like object or a real number, not '{}'",
                value.type_name()
            )
        }),
    }
}

/// A time in the day after 10:30 of 2024-09-01.
fn timestamp(seconds: u64) -> String {
    let since = seconds + 10 * 3600 + 30 * 60;
    let (day, left) = (1 + since / 86_400, since % 86_400);
    format!("2024-09-{day:02} {:02}:{:02}:{:02}", left / 3600, left / 60 % 60, left % 60)
}

/// Year, month and day of `YYYY-MM-DD`, as `strptime` reads it.
pub(super) fn date(value: &Value) -> Result<(u32, u32, u32), String> {
    let Value::Text(_) = value else {
        return Err(format!("strptime() argument 1 must be str, not {}", value.type_name()));
    };
    let said = text(value);
    let bad = || format!("time data {value} does not match format '%Y-%m-%d'");
    let mut parts = said.splitn(3, '-');
    let mut number = |lengths: std::ops::RangeInclusive<usize>| {
        let part = parts.next().filter(|part| lengths.contains(&part.len()))?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<u32>().ok())?
    };
    let (year, month, day) = (number(4..=4), number(1..=2), number(1..=2));
    let (Some(year), Some(month), Some(day)) = (year, month, day) else {
        return Err(remains(&said).unwrap_or_else(bad));
    };
    if year == 0 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return Err(bad());
    }
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if day > days { Err("day is out of range for month".to_owned()) } else { Ok((year, month, day)) }
}

/// What Python says of a text that begins with a date and goes on.
fn remains(said: &str) -> Option<String> {
    let at = said.char_indices().map(|(at, _)| at).filter(|at| (8..=10).contains(at)).rev();
    let at = at.into_iter().find(|at| date(&Value::from(&said[..*at])).is_ok())?;
    Some(format!("unconverted data remains: {}", &said[at..]))
}

/// Date and second of the day of a time stamp.
fn stamped(value: &Value) -> Result<((u32, u32, u32), u32), String> {
    let said = text(value);
    let bad = || format!("time data {value} does not match format '%Y-%m-%d %H:%M:%S'");
    let (day, time) = said.split_once(' ').ok_or_else(bad)?;
    let day = date(&Value::from(day)).map_err(|_| bad())?;
    let parts: Option<Vec<u32>> = time.split(':').map(|part| part.parse().ok()).collect();
    match parts.as_deref() {
        Some([hour @ 0..=23, minute @ 0..=59, second @ 0..=61]) => Ok((day, hour * 3600 + minute * 60 + second)),
        _ => Err(bad()),
    }
}

impl Service for Trading {
    fn class(&self) -> &'static str {
        "TradingBot"
    }

    fn methods(&self) -> &'static [(&'static str, &'static str)] {
        METHODS
    }

    fn call(&mut self, method: &str, given: &Given) -> Answer {
        if let Some(refused) = self.refused(method) {
            return Ok(refused);
        }
        given.keys(match method {
            "get_symbol_by_name"
            | "get_stock_info"
            | "get_order_details"
            | "cancel_order"
            | "add_to_watchlist"
            | "get_available_stocks" => &[0],
            "place_order" => &[1],
            _ => &[],
        })?;
        match method {
            "get_current_time" => Ok(said("current_time", "10:30 AM")),
            "get_symbol_by_name" => {
                let known = SYMBOLS.iter().find(|(name, _)| given[0] == Value::from(*name));
                Ok(said("symbol", known.map_or("Stock not found", |(_, symbol)| symbol)))
            }
            "get_stock_info" => Ok(self.stock(&given[0])),
            "get_order_details" => self.details(&given[0]),
            "cancel_order" => self.cancel(&given[0]),
            "place_order" => self.place(given),
            "withdraw_funds" => self.transfer(&given[0], true),
            "fund_account" => self.transfer(&given[0], false),
            "get_account_info" => Ok(self.account.clone()),
            "trading_login" => Ok(self.session(true)),
            "trading_logout" => Ok(self.session(false)),
            "trading_get_login_status" => Ok(object([("status", Value::Bool(self.authenticated.truthy()))])),
            "remove_stock_from_watchlist" => self.unwatch(&given[0]),
            "get_watchlist" => self.watchlist(),
            "get_order_history" => Ok(object([("history", Value::List(keys(&self.orders)))])),
            "get_transaction_history" => self.transactions(&given[0], &given[1]),
            "get_available_stocks" => self.available(&given[0]),
            "filter_stocks_by_price" => self.filter(given),
            "add_to_watchlist" => {
                if find(&self.stocks, &given[0]).is_some() && !contains(&self.watched, &given[0])? {
                    append(&mut self.watched, given[0].clone())?;
                }
                Ok(object([("watchlist", self.watched.clone())]))
            }
            _ => self.notify(&given[0], &given[1]),
        }
    }

    fn state(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("orders", self.orders.clone()),
            ("account_info", self.account.clone()),
            ("authenticated", self.authenticated.clone()),
            ("market_status", self.market.clone()),
            ("order_counter", self.counter.clone()),
            ("stocks", self.stocks.clone()),
            ("watch_list", self.watched.clone()),
            ("transaction_history", self.history.clone()),
            ("long_context", Value::Bool(self.long.is_some())),
        ]
    }
}
