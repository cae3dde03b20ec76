//! `MessageAPI`: users who send each other messages.

use super::values::{
    Draws, append, error, field, find, hashable, iterated, keys, object, said, set, text_for, whole, words_of,
};
use super::{Answer, Given, Service};
use crate::python::{Value, add, text};
use crate::tool_use::bfcl::Switches;

const METHODS: &[(&str, &str)] = &[
    ("list_users", ""),
    ("get_user_id", "user"),
    ("message_login", "user_id"),
    ("message_get_login_status", ""),
    ("send_message", "receiver_id, message"),
    ("delete_message", "receiver_id"),
    ("view_messages_sent", ""),
    ("add_contact", "user_name"),
    ("search_messages", "keyword"),
    ("get_message_stats", ""),
];

pub(super) struct Messages {
    draws: Draws,
    generated: Value,
    users: Value,
    inbox: Value,
    user_count: Value,
    count: Value,
    user: Value,
}

impl Messages {
    pub(super) fn new(scenario: &Value, switches: &Switches) -> Self {
        let users = || {
            object(
                [("Alice", "USR001"), ("Bob", "USR002"), ("Catherine", "USR003"), ("Daniel", "USR004")]
                    .map(|(name, id)| (name, Value::from(id))),
            )
        };
        let upload = "Could you upload the file?";
        let inbox = || {
            let all = [("USR002", "My name is Alice. I want to connect."), ("USR003", upload), ("USR004", upload)];
            Value::List(all.map(|(to, words)| said(to, words)).into())
        };
        Self {
            draws: Draws::new(scenario, 200_191, switches.own_draws),
            generated: field(scenario, "generated_ids", || Value::Set(Vec::new())),
            user_count: field(scenario, "user_count", || whole(4)),
            users: field(scenario, "user_map", users),
            inbox: field(scenario, "inbox", inbox),
            count: field(scenario, "message_count", || whole(3)),
            user: field(scenario, "current_user", || Value::None),
        }
    }

    fn is_user(&self, id: &Value) -> bool {
        matches!(&self.users, Value::Dict(pairs) if pairs.iter().any(|(_, other)| other == id))
    }

    fn login(&mut self, id: &Value) -> Value {
        let known = self.is_user(id);
        let message = if known { "logged in successfully." } else { "not found." };
        let message = format!("User {}'{}' {message}", if known { "" } else { "ID " }, text(id));
        if known {
            self.user = id.clone();
        }
        object([("login_status", Value::Bool(known)), ("message", words_of(message))])
    }

    fn send(&mut self, receiver: &Value, message: &Value) -> Answer {
        if !self.is_user(receiver) {
            return Ok(error(format!("Receiver ID '{}' not found.", text(receiver))));
        }
        let Value::Set(ids) = &mut self.generated else {
            return Err(format!("'{}' object has no attribute 'add'", self.generated.type_name()));
        };
        let random = self.draws.of("send_message");
        // There are 90,000 of them.
        let drawn = std::iter::repeat_with(|| whole(random.whole(10_000, 99_999))).find(|id| !ids.contains(id));
        let id = drawn.unwrap_or(Value::None);
        ids.push(id.clone());
        append(&mut self.inbox, Value::Dict(vec![(receiver.clone(), message.clone())]))?;
        self.count = add(&self.count, &whole(1))?;
        Ok(object([
            ("sent_status", Value::Bool(true)),
            ("message_id", object([("new_id", id)])),
            ("message", words_of(format!("Message sent to '{}' successfully.", text(receiver)))),
        ]))
    }

    fn delete(&mut self, receiver: &Value) -> Answer {
        let mut newest = None;
        for message in iterated(&self.inbox)?.into_iter().rev() {
            if keys(&message).first() == Some(receiver) {
                newest = Some(message);
                break;
            }
        }
        let (Some(newest), Value::List(inbox)) = (newest, &mut self.inbox) else {
            return Ok(error(format!("Receiver ID {} not found.", text(receiver))));
        };
        if let Some(at) = inbox.iter().position(|message| *message == newest) {
            inbox.remove(at);
        }
        let message = format!("Receiver {}'s latest message deleted successfully.", text(receiver));
        Ok(object([
            ("deleted_status", Value::Bool(true)),
            ("receiver_id", receiver.clone()),
            ("message", words_of(message)),
        ]))
    }

    /// The pairs of receiver and text.
    fn sent(&self) -> Result<Vec<(Value, Value)>, String> {
        let mut sent = Vec::new();
        for message in iterated(&self.inbox)? {
            let Value::Dict(pairs) = message else {
                return Err(format!("'{}' object has no attribute 'items'", message.type_name()));
            };
            sent.extend(pairs.into_iter().take(1));
        }
        Ok(sent)
    }

    fn view(&self) -> Answer {
        let mut all = Value::Dict(Vec::new());
        for (receiver, words) in self.sent()? {
            let mut list = find(&all, &receiver).cloned().unwrap_or_else(|| Value::List(Vec::new()));
            append(&mut list, words)?;
            set(&mut all, receiver, list);
        }
        Ok(object([("messages", all)]))
    }

    fn search(&self, keyword: &Value) -> Answer {
        let keyword = text_for(keyword, "lower")?.to_lowercase();
        let mut results = Vec::new();
        for (receiver, words) in self.sent()? {
            if text_for(&words, "lower")?.to_lowercase().contains(&keyword) {
                results.push(object([("receiver_id", receiver), ("message", words)]));
            }
        }
        Ok(object([("results", Value::List(results))]))
    }

    fn statistics(&self) -> Answer {
        let sent = self.sent()?;
        let mut contacts: Vec<Value> = Vec::new();
        for (receiver, _) in &sent {
            hashable(receiver)?;
            if !contacts.contains(receiver) {
                contacts.push(receiver.clone());
            }
        }
        let stats = object([("received_count", whole(sent.len())), ("total_contacts", whole(contacts.len()))]);
        Ok(object([("stats", stats)]))
    }

    fn add_contact(&mut self, name: &Value) -> Answer {
        hashable(name)?;
        if find(&self.users, name).is_some() {
            return Ok(error(format!("User name '{}' already exists.", text(name))));
        }
        self.user_count = add(&self.user_count, &whole(1))?;
        let id = format!("USR{:0>3}", text(&self.user_count));
        if self.is_user(&words_of(&id)) {
            return Ok(error(format!("User ID '{id}' already exists.")));
        }
        set(&mut self.users, name.clone(), words_of(&id));
        Ok(object([
            ("added_status", Value::Bool(true)),
            ("user_id", words_of(&id)),
            ("message", words_of(format!("Contact '{}' added successfully.", text(name)))),
        ]))
    }
}

impl Service for Messages {
    fn class(&self) -> &'static str {
        "MessageAPI"
    }

    fn methods(&self) -> &'static [(&'static str, &'static str)] {
        METHODS
    }

    fn call(&mut self, method: &str, given: &Given) -> Answer {
        let needs_user = matches!(
            method,
            "send_message" | "delete_message" | "view_messages_sent" | "search_messages" | "get_message_stats"
        );
        if needs_user && !self.user.truthy() {
            return Ok(error("No user is currently logged in."));
        }
        match method {
            "list_users" => Ok(object([("user_list", Value::List(keys(&self.users)))])),
            "get_user_id" => Ok(match given.keys(&[0]).map(|()| find(&self.users, &given[0]))? {
                Some(id) => object([("user_id", id.clone())]),
                None => error(format!("User '{}' not found in the workspace.", text(&given[0]))),
            }),
            "message_login" => Ok(self.login(&given[0])),
            "message_get_login_status" => Ok(object([("login_status", Value::Bool(self.user.truthy()))])),
            "send_message" => self.send(&given[0], &given[1]),
            "delete_message" => self.delete(&given[0]),
            "view_messages_sent" => self.view(),
            "search_messages" => self.search(&given[0]),
            "get_message_stats" => self.statistics(),
            _ => self.add_contact(&given[0]),
        }
    }

    fn state(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("generated_ids", self.generated.clone()),
            ("user_count", self.user_count.clone()),
            ("user_map", self.users.clone()),
            ("inbox", self.inbox.clone()),
            ("message_count", self.count.clone()),
            ("current_user", self.user.clone()),
        ]
    }
}
