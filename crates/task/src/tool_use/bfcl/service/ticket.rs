//! `TicketAPI`: support tickets.

use super::values::{append, error, field, find_mut, item, iterated, object, said, set, text_for, whole};
use super::{Answer, Given, Service};
use crate::python::{Value, add, compared, text};

const METHODS: &[(&str, &str)] = &[
    ("create_ticket", "title, description='', priority=1"),
    ("get_ticket", "ticket_id"),
    ("close_ticket", "ticket_id"),
    ("resolve_ticket", "ticket_id, resolution"),
    ("edit_ticket", "ticket_id, updates"),
    ("ticket_login", "username, password"),
    ("ticket_get_login_status", ""),
    ("logout", ""),
    ("get_user_tickets", "status=None"),
];

const FIELDS: [&str; 4] = ["title", "description", "status", "priority"];

pub(super) struct Tickets {
    queue: Value,
    counter: Value,
    user: Value,
}

impl Tickets {
    pub(super) fn new(scenario: &Value) -> Self {
        Self {
            queue: field(scenario, "ticket_queue", || Value::List(Vec::new())),
            counter: field(scenario, "ticket_counter", || whole(1)),
            user: field(scenario, "current_user", || Value::None),
        }
    }

    /// The place of the first ticket of an id.
    fn find(&self, id: &Value) -> Result<Option<usize>, String> {
        for (at, ticket) in iterated(&self.queue)?.iter().enumerate() {
            if item(ticket, "id")? == id {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    fn create(&mut self, given: &Given) -> Answer {
        if !self.user.truthy() {
            return Ok(error("User not authenticated. Please log in to create a ticket."));
        }
        if compared(&given[2], "<", &whole(1))? || compared(&given[2], ">", &whole(5))? {
            return Ok(error("Invalid priority. Priority must be between 1 and 5."));
        }
        let ticket = object([
            ("id", self.counter.clone()),
            ("title", given[0].clone()),
            ("description", given[1].clone()),
            ("status", Value::from("Open")),
            ("priority", given[2].clone()),
            ("created_by", self.user.clone()),
        ]);
        append(&mut self.queue, ticket.clone())?;
        self.counter = add(&self.counter, &whole(1))?;
        Ok(ticket)
    }

    /// Does something with the ticket of an id.
    fn with(&mut self, id: &Value, act: impl FnOnce(&mut Value, &str) -> Answer) -> Answer {
        let Some(at) = self.find(id)? else { return Ok(error(format!("Ticket with ID {} not found.", text(id)))) };
        match &mut self.queue {
            Value::List(tickets) => act(&mut tickets[at], &text(id)),
            other => Err(format!("'{}' object does not support item assignment", other.type_name())),
        }
    }

    fn close(&mut self, id: &Value, resolution: Option<&Value>) -> Answer {
        let (status, already, done) = match resolution {
            Some(_) => ("Resolved", "resolved", "resolved"),
            None => ("Closed", "closed", "closed"),
        };
        self.with(id, |ticket, id| {
            if *item(ticket, "status")? == Value::from(status) {
                return Ok(error(format!("Ticket with ID {id} is already {already}.")));
            }
            set(ticket, Value::from("status"), Value::from(status));
            if let Some(resolution) = resolution {
                set(ticket, Value::from("resolution"), resolution.clone());
            }
            Ok(said("status", format!("Ticket {id} has been {done} successfully.")))
        })
    }

    fn edit(&mut self, id: &Value, updates: &Value) -> Answer {
        self.with(id, |ticket, id| {
            let Value::Dict(pairs) = updates else {
                return Err(format!("'{}' object has no attribute 'keys'", updates.type_name()));
            };
            let unknown = pairs.iter().map(|(key, _)| text(key)).filter(|key| !FIELDS.contains(&key.as_str()));
            let unknown: Vec<String> = unknown.collect();
            if !unknown.is_empty() {
                return Ok(error(format!("Invalid fields for update: {}", unknown.join(", "))));
            }
            for (key, value) in pairs.iter().filter(|(_, value)| *value != Value::None) {
                match find_mut(ticket, key) {
                    Some(place) => *place = value.clone(),
                    None => set(ticket, key.clone(), value.clone()),
                }
            }
            Ok(said("status", format!("Ticket {id} has been updated successfully.")))
        })
    }

    fn own(&self, status: &Value) -> Answer {
        if !self.user.truthy() {
            return Ok(Value::List(vec![error("User not authenticated. Please log in to view tickets.")]));
        }
        let mut own = Vec::new();
        for ticket in iterated(&self.queue)? {
            if *item(&ticket, "created_by")? == self.user {
                own.push(ticket);
            }
        }
        if status.truthy() {
            let wanted = |ticket: &Value| -> Result<bool, String> {
                let of = text_for(item(ticket, "status")?, "lower")?.to_lowercase();
                Ok(of == text_for(status, "lower")?.to_lowercase())
            };
            let kept = own.iter().map(wanted).collect::<Result<Vec<_>, _>>()?;
            own = own.into_iter().zip(kept).filter(|(_, keep)| *keep).map(|(ticket, _)| ticket).collect();
        }
        Ok(Value::List(own))
    }
}

impl Service for Tickets {
    fn class(&self) -> &'static str {
        "TicketAPI"
    }

    fn methods(&self) -> &'static [(&'static str, &'static str)] {
        METHODS
    }

    fn call(&mut self, method: &str, given: &Given) -> Answer {
        let success = |success: bool| Ok(object([("success", Value::Bool(success))]));
        match method {
            "create_ticket" => self.create(given),
            "get_ticket" => self.with(&given[0], |ticket, _| Ok(ticket.clone())),
            "close_ticket" => self.close(&given[0], None),
            "resolve_ticket" => self.close(&given[0], Some(&given[1])),
            "edit_ticket" => self.edit(&given[0], &given[1]),
            "ticket_login" => {
                let both = given[0].truthy() && given[1].truthy();
                if both {
                    self.user = given[0].clone();
                }
                success(both)
            }
            "ticket_get_login_status" => Ok(object([("login_status", Value::Bool(self.user.truthy()))])),
            "logout" => {
                let was = self.user.truthy();
                if was {
                    self.user = Value::None;
                }
                success(was)
            }
            _ => self.own(&given[0]),
        }
    }

    fn state(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("ticket_queue", self.queue.clone()),
            ("ticket_counter", self.counter.clone()),
            ("current_user", self.user.clone()),
        ]
    }
}
