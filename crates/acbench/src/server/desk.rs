//! Where requests become prompts, and what the engine tells becomes answers.

use std::io::{self, BufReader};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use generate::{Chat, Clock, ModelReply, ModelRequest, Sampling, TokenLogprob, Tokenizer};
use record::{Calls, Message, Reply, calls, opened_by};
use serde_json::{Map, Value, json};

use super::ModelServer;
use super::engine::{Job, News, Work};
use super::http::{self, Events, Unread, Wish};
use super::stream::Stream;
use super::wanted::{Prompt, Wanted};
use super::written;

/// How long a client may be silent in the middle of a request, and between two.
const PATIENCE: Duration = Duration::from_secs(120);

/// Takes requests.
pub(super) struct Desk<'a> {
    pub server: &'a ModelServer,
    pub tokenizer: &'a Tokenizer,
    /// How tokens are drawn where a request does not say it.
    pub usual: Sampling,
}

/// A status and what is wrong.
type Problem = (u16, String);

/// A prompt in tokens.
struct Opened {
    tokens: Vec<u32>,
    /// The mark with which it begins a thought.
    mark: Option<String>,
}

/// A text's reply, and how likely its prompt was.
struct Told {
    generated: ModelReply,
    rated: Vec<TokenLogprob>,
}

impl Desk<'_> {
    /// One request after the other, as long as the client wants.
    pub fn converse(&self, stream: &TcpStream, send: &Sender<Job>) -> io::Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream);
        loop {
            let wish = match http::read(&mut reader) {
                Ok(wish) => wish,
                Err(Unread::Gone) => return Ok(()),
                Err(Unread::Bad(status, why)) => return http::answer(stream, status, &problem(why), true),
            };
            match self.answer(&wish, send) {
                Ok(Answer::Whole(body)) => http::answer(stream, 200, &body, wish.last)?,
                Ok(Answer::Pieces(pieces)) => self.follow(*pieces, http::events(stream, wish.last)?)?,
                Err((status, why)) => http::answer(stream, status, &problem(&why), wish.last)?,
            }
            if wish.last {
                return Ok(());
            }
        }
    }

    fn answer(&self, wish: &Wish, send: &Sender<Job>) -> Result<Answer, Problem> {
        let options = &self.server.options;
        if let Some(why) = self.server.stranger(&wish.hosts) {
            return Err((400, why));
        }
        if options.key.is_some() && options.key != wish.key {
            return Err((401, "the key of this server is to be sent as Authorization: Bearer".to_owned()));
        }
        match (wish.method.as_str(), wish.path.as_str()) {
            ("GET", "/health") => Ok(Answer::Whole(json!({"status": "ok"}))),
            ("GET", "/v1/models") => {
                let context = self.server.model.config.longest();
                let model =
                    json!({"id": options.name, "object": "model", "owned_by": "acbench", "max_model_len": context});
                Ok(Answer::Whole(json!({"object": "list", "data": [model]})))
            }
            ("POST", "/v1/chat/completions") => self.reply(&wish.body, true, send),
            ("POST", "/v1/completions") => self.reply(&wish.body, false, send),
            _ => Err((404, "this server has /v1/models, /v1/chat/completions and /v1/completions".to_owned())),
        }
    }

    /// A reply to a conversation, or to texts.
    fn reply(&self, body: &[u8], chat: bool, send: &Sender<Job>) -> Result<Answer, Problem> {
        let bad = |why: String| (400, why);
        let wanted = Wanted::read(body).map_err(bad)?;
        let name = &self.server.options.name;
        if let Some(other) = wanted.model.as_ref().filter(|model| *model != name) {
            return Err((404, format!("this server has no model {other}, but {name}")));
        }
        let mut prompts = self.prompts(&wanted, chat).map_err(bad)?;
        let requests = prompts
            .iter()
            .map(|prompt| self.request(&wanted, chat, prompt))
            .collect::<Result<Vec<_>, _>>()
            .map_err(bad)?;
        if let Some(with_usage) = wanted.streamed(chat).map_err(bad)? {
            let (Some(prompt), [request]) = (prompts.pop(), &requests[..]) else {
                return Err(bad("this server has no `stream` of several texts".to_owned()));
            };
            // Until a reply is whole nobody knows whether its text is a call.
            let followed = !(chat && wanted.wants_calls());
            let news = engage(send, Work::Reply { request: request.clone(), followed })?;
            let pieces = Pieces { wanted, mark: prompt.mark, chat, with_usage, news };
            return Ok(Answer::Pieces(Box::new(pieces)));
        }
        let told =
            requests.iter().map(|request| self.engaged(&wanted, request, send)).collect::<Result<Vec<_>, _>>()?;
        let told = told.into_iter().map(Waiting::told).collect::<Result<Vec<_>, _>>()?;
        Ok(Answer::Whole(self.whole(&wanted, &prompts, &told, chat)))
    }

    /// The prompts of a request.
    fn prompts(&self, wanted: &Wanted, chat: bool) -> Result<Vec<Opened>, String> {
        let none = Map::new();
        let args = wanted.chat_template_kwargs.as_ref().unwrap_or(&none);
        let open = |messages: &[Message]| {
            let conversation = Chat { messages, tools: wanted.tools(), args, clock: Clock::now() };
            let written = self.tokenizer.write(&conversation, true).map_err(|error| error.to_string())?;
            let tokens = self.tokenizer.ids(&written).map_err(|error| error.to_string())?;
            Ok(Opened { tokens, mark: opened_by(&written.text).filter(|_| chat).map(str::to_owned) })
        };
        if chat {
            return match &wanted.messages[..] {
                [] => Err("there are no `messages`".to_owned()),
                messages => Ok(vec![open(messages)?]),
            };
        }
        let prompt = |prompt| match prompt {
            Prompt::Text(text) => open(&[Message::raw(text)]),
            Prompt::Tokens(tokens) => Ok(Opened { tokens, mark: None }),
        };
        wanted.prompts()?.into_iter().map(prompt).collect()
    }

    fn request(&self, wanted: &Wanted, chat: bool, prompt: &Opened) -> Result<ModelRequest, String> {
        let (context, tokens) = (self.server.model.config.longest(), prompt.tokens.len());
        let room = context.saturating_sub(tokens);
        let most = wanted.most().unwrap_or(room);
        // A text may be repeated for its probabilities alone.
        let nothing = most == 0 && !wanted.echo();
        if nothing || most > room {
            return Err(format!(
                "the context length is {context} tokens: {tokens} of the prompt leave no room for {most} more"
            ));
        }
        Ok(ModelRequest {
            prompt: prompt.tokens.clone(),
            sampling: wanted.sampling(self.usual)?,
            max_tokens: most,
            thinking: None,
            stop: wanted.stop(),
            seed: wanted.seed.unwrap_or(0),
            logprobs: wanted.alternatives(chat)?,
        })
    }

    /// Engages the engine for a text.
    fn engaged(&self, wanted: &Wanted, request: &ModelRequest, send: &Sender<Job>) -> Result<Waiting, Problem> {
        let tokens = request.prompt.clone();
        let rated = request.logprobs.filter(|_| wanted.echo());
        let rated = rated.map(|top| engage(send, Work::Rate { tokens, top })).transpose()?;
        let reply = engage(send, Work::Reply { request: request.clone(), followed: false })?;
        Ok(Waiting { reply, rated })
    }

    fn whole(&self, wanted: &Wanted, prompts: &[Opened], told: &[Told], chat: bool) -> Value {
        let (mut choices, mut replies) = (Vec::new(), Vec::new());
        for (index, (prompt, told)) in prompts.iter().zip(told).enumerate() {
            let reply = written::reply(self.tokenizer, &told.generated, prompt.mark.as_deref(), chat);
            let found = found(&reply, wanted, chat);
            let mut choice = json!({"index": index, "finish_reason": written::finish(&reply, found.as_ref())});
            if chat {
                choice["message"] = written::message(&reply, found.as_ref());
            } else {
                let before = if wanted.echo() {
                    self.tokenizer.decode(&prompt.tokens).unwrap_or_default()
                } else {
                    String::new()
                };
                choice["text"] = json!(before + &reply.text);
            }
            if wanted.alternatives(chat).ok().flatten().is_some() {
                choice["logprobs"] = self.logprobs(wanted, prompt, told, chat);
            }
            choices.push(choice);
            replies.push(reply);
        }
        let kind = if chat { "chat.completion" } else { "text_completion" };
        let mut body = written::envelope(kind, &self.server.options.name, choices);
        body["usage"] = written::usage(&replies);
        body
    }

    fn logprobs(&self, wanted: &Wanted, prompt: &Opened, told: &Told, chat: bool) -> Value {
        let said = &told.generated.logprobs;
        if chat {
            // What ends a reply is no part of a message; of a text harnesses count it.
            let said = said.iter().filter(|one| !self.tokenizer.eos().contains(&one.token));
            return written::chat_logprobs(self.tokenizer, &said.cloned().collect::<Vec<_>>());
        }
        let first = prompt.tokens.first().filter(|_| wanted.echo()).map(|&token| (token, None));
        let all = first.into_iter().chain(told.rated.iter().chain(said).map(|one| (one.token, Some(one))));
        written::text_logprobs(self.tokenizer, &all.collect::<Vec<_>>())
    }

    /// Sends a reply as it comes.
    fn follow(&self, pieces: Pieces, mut events: Events<'_>) -> io::Result<()> {
        let Pieces { wanted, mark, chat, with_usage, news } = pieces;
        let kind = if chat { "chat.completion.chunk" } else { "text_completion" };
        let head = written::envelope(kind, &self.server.options.name, Vec::new());
        let choice = |delta: Value, finish: Option<&str>| {
            let mut event = head.clone();
            event["choices"] = json!([{"index": 0, "finish_reason": finish}]);
            match chat {
                true => event["choices"][0]["delta"] = delta,
                false => event["choices"][0]["text"] = json!(delta["text"].as_str().unwrap_or_default()),
            }
            event.to_string()
        };
        if chat {
            events.send(&choice(json!({"role": "assistant", "content": ""}), None))?;
        }
        let mut stream = Stream::new(self.tokenizer, mark.as_deref(), chat, &wanted.stop());
        for news in news {
            match news {
                News::Tokens(tokens) => {
                    if let Some(piece) = stream.piece(&tokens) {
                        events.send(&choice(piece, None))?;
                    }
                }
                News::Reply(generated) => {
                    let mut reply = written::reply(self.tokenizer, &generated, mark.as_deref(), chat);
                    let found = found(&reply, &wanted, chat);
                    let finish = written::finish(&reply, found.as_ref());
                    let calls = found
                        .as_ref()
                        .map_or_else(|| json!({}), |found| json!({"tool_calls": written::tool_calls(found)}));
                    if let Some(found) = found {
                        reply.text = found.said;
                    }
                    if let Some(piece) = stream.rest(&reply) {
                        events.send(&choice(piece, None))?;
                    }
                    events.send(&choice(calls, Some(finish)))?;
                    if with_usage {
                        let mut last = head.clone();
                        last["usage"] = written::usage(&[reply]);
                        events.send(&last.to_string())?;
                    }
                    break;
                }
                News::Failed(why) => {
                    events.send(&problem(&why).to_string())?;
                    break;
                }
                News::Rated(_) => {}
            }
        }
        events.send("[DONE]")?;
        events.end()
    }
}

/// What is answered.
enum Answer {
    Whole(Value),
    Pieces(Box<Pieces>),
}

/// A reply that is sent as it comes.
struct Pieces {
    wanted: Wanted,
    mark: Option<String>,
    chat: bool,
    with_usage: bool,
    news: Receiver<News>,
}

/// What the engine is engaged for.
struct Waiting {
    reply: Receiver<News>,
    rated: Option<Receiver<News>>,
}

impl Waiting {
    fn told(self) -> Result<Told, Problem> {
        let mut told = (None, Vec::new());
        for news in self.rated.iter().chain([&self.reply]) {
            match news.recv() {
                Ok(News::Reply(generated)) => told.0 = Some(*generated),
                Ok(News::Rated(rated)) => told.1 = rated,
                Ok(News::Failed(why)) => return Err((400, why)),
                Ok(News::Tokens(_)) => {}
                Err(_) => return Err(ends()),
            }
        }
        let (generated, rated) = told;
        Ok(Told { generated: generated.ok_or_else(ends)?, rated })
    }
}

/// Gives the engine something to do.
fn engage(send: &Sender<Job>, work: Work) -> Result<Receiver<News>, Problem> {
    let (answer, news) = channel();
    send.send((work, answer)).map_err(|_| ends())?;
    Ok(news)
}

fn ends() -> Problem {
    (503, "the server ends".to_owned())
}

/// The calls of a reply, where they are wanted.
fn found(reply: &Reply, wanted: &Wanted, chat: bool) -> Option<Calls> {
    (chat && wanted.wants_calls()).then(|| calls(&reply.text, wanted.tools())).flatten()
}

fn problem(why: &str) -> Value {
    json!({"error": {"message": why, "type": "invalid_request_error"}})
}
