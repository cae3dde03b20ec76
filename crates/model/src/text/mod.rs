//! Text to token ids and back: the tokenizer, its chat templates, and what is made of a conversation for them.

pub(crate) mod calendar;
pub(crate) mod chat;
pub(crate) mod fitted;
pub(crate) mod surround;
pub(crate) mod template;
mod token;
pub(crate) mod tokenizer;
pub(crate) mod vocabulary;
