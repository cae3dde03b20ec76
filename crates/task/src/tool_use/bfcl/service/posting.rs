//! `TwitterAPI`: posts, comments and who follows whom.

use super::values::{
    append, contains, error, field, find, find_mut, hashable, item, iterated, object, said, set, text_for, whole,
};
use super::{Answer, Given, Service};
use crate::python::{Value, add, int_of, text};

const METHODS: &[(&str, &str)] = &[
    ("authenticate_twitter", "username, password"),
    ("posting_get_login_status", ""),
    ("post_tweet", "content, tags=[], mentions=[]"),
    ("retweet", "tweet_id"),
    ("comment", "tweet_id, comment_content"),
    ("mention", "tweet_id, mentioned_usernames"),
    ("follow_user", "username_to_follow"),
    ("list_all_following", ""),
    ("unfollow_user", "username_to_unfollow"),
    ("get_tweet", "tweet_id"),
    ("get_user_tweets", "username"),
    ("search_tweets", "keyword"),
    ("get_tweet_comments", "tweet_id"),
    ("get_user_stats", "username"),
];

pub(super) struct Posting {
    username: Value,
    password: Value,
    authenticated: Value,
    tweets: Value,
    comments: Value,
    retweets: Value,
    following: Value,
    counter: Value,
}

impl Posting {
    pub(super) fn new(scenario: &Value) -> Self {
        let empty = || Value::Dict(Vec::new());
        let tweets = match field(scenario, "tweets", empty) {
            // Their keys are numbers, those of comments stay texts.
            Value::Dict(pairs) => {
                let number = |key: &Value| int_of(&text(key)).map_or_else(|| key.clone(), Value::Int);
                Value::Dict(pairs.into_iter().map(|(key, value)| (number(&key), value)).collect())
            }
            other => other,
        };
        Self {
            username: field(scenario, "username", || Value::from("john")),
            password: field(scenario, "password", || Value::from("john123")),
            authenticated: field(scenario, "authenticated", || Value::Bool(false)),
            tweets,
            comments: field(scenario, "comments", empty),
            retweets: field(scenario, "retweets", empty),
            following: field(scenario, "following_list", || Value::List(["alice", "bob"].map(Value::from).into())),
            counter: field(scenario, "tweet_counter", || whole(0)),
        }
    }

    fn login(&mut self, given: &Given) -> Value {
        let right = given[0] == self.username && given[1] == self.password;
        if right {
            self.authenticated = Value::Bool(true);
        }
        object([("authentication_status", Value::Bool(right))])
    }

    fn post(&mut self, given: &Given) -> Answer {
        let tweet = object([
            ("id", self.counter.clone()),
            ("username", self.username.clone()),
            ("content", given[0].clone()),
            ("tags", given[1].clone()),
            ("mentions", given[2].clone()),
        ]);
        set(&mut self.tweets, self.counter.clone(), tweet.clone());
        self.counter = add(&self.counter, &whole(1))?;
        Ok(tweet)
    }

    fn missing(&self, id: &Value) -> Result<Option<Value>, String> {
        hashable(id)?;
        let known = find(&self.tweets, id).is_some();
        Ok((!known).then(|| error(format!("Tweet with ID {} not found.", text(id)))))
    }

    fn retweet(&mut self, id: &Value) -> Answer {
        let mut own = find(&self.retweets, &self.username).cloned().unwrap_or_else(|| Value::List(Vec::new()));
        let already = contains(&own, id)?;
        if !already {
            append(&mut own, id.clone())?;
        }
        set(&mut self.retweets, self.username.clone(), own);
        Ok(said("retweet_status", if already { "Already retweeted" } else { "Successfully retweeted" }))
    }

    fn comment(&mut self, id: &Value, content: &Value) -> Answer {
        let mut all = find(&self.comments, id).cloned().unwrap_or_else(|| Value::List(Vec::new()));
        append(&mut all, object([("username", self.username.clone()), ("content", content.clone())]))?;
        set(&mut self.comments, id.clone(), all);
        Ok(said("comment_status", "Comment added successfully"))
    }

    fn mention(&mut self, id: &Value, names: &Value) -> Answer {
        let names = iterated(names)?;
        let tweet = find_mut(&mut self.tweets, id).ok_or_else(|| id.to_string())?;
        item(tweet, "mentions")?;
        if let Some(mentions) = find_mut(tweet, &Value::from("mentions")) {
            match mentions {
                Value::List(items) => items.extend(names),
                other => return Err(format!("'{}' object has no attribute 'extend'", other.type_name())),
            }
        }
        Ok(said("mention_status", "Users mentioned successfully"))
    }

    fn follow(&mut self, name: &Value, follows: bool) -> Answer {
        let known = contains(&self.following, name)?;
        let changes = known != follows;
        if changes && follows {
            append(&mut self.following, name.clone())?;
        } else if changes && let Value::List(all) = &mut self.following {
            // Only the first of several equal ones goes.
            if let Some(at) = all.iter().position(|other| other == name) {
                all.remove(at);
            }
        }
        let key = if follows { "follow_status" } else { "unfollow_status" };
        Ok(object([(key, Value::Bool(changes))]))
    }

    /// The tweets that something holds of.
    fn tweets(&self, holds: impl Fn(&Value) -> Result<bool, String>) -> Result<Vec<Value>, String> {
        let Value::Dict(pairs) = &self.tweets else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for (_, tweet) in pairs {
            if holds(tweet)? {
                found.push(tweet.clone());
            }
        }
        Ok(found)
    }

    fn search(&self, keyword: &Value) -> Answer {
        let lower = |value: &Value| text_for(value, "lower").map(|text| text.to_lowercase());
        let found = self.tweets(|tweet| {
            let keyword = lower(keyword)?;
            if lower(item(tweet, "content")?)?.contains(&keyword) {
                return Ok(true);
            }
            let tags = iterated(item(tweet, "tags")?)?.iter().map(lower).collect::<Result<Vec<_>, _>>()?;
            Ok(tags.contains(&keyword))
        });
        found.map(Value::List)
    }

    fn statistics(&self, name: &Value) -> Answer {
        hashable(name)?;
        let tweets = self.tweets(|tweet| Ok(item(tweet, "username")? == name))?.len();
        let following = if *name == self.username { iterated(&self.following)?.len() } else { 0 };
        let retweets = find(&self.retweets, name).map_or(Ok(0), |all| iterated(all).map(|all| all.len()))?;
        Ok(object([
            ("tweet_count", whole(tweets)),
            ("following_count", whole(following)),
            ("retweet_count", whole(retweets)),
        ]))
    }
}

impl Service for Posting {
    fn class(&self) -> &'static str {
        "TwitterAPI"
    }

    fn methods(&self) -> &'static [(&'static str, &'static str)] {
        METHODS
    }

    fn call(&mut self, method: &str, given: &Given) -> Answer {
        let doing = match method {
            "post_tweet" => Some("posting"),
            "retweet" => Some("retweeting"),
            "comment" => Some("commenting"),
            "follow_user" => Some("following"),
            "list_all_following" => Some("listing following"),
            "unfollow_user" => Some("unfollowing"),
            _ => None,
        };
        if let Some(doing) = doing.filter(|_| !self.authenticated.truthy()) {
            return Ok(error(format!("User not authenticated. Please authenticate before {doing}.")));
        }
        if matches!(method, "retweet" | "comment" | "mention" | "get_tweet" | "get_tweet_comments")
            && let Some(missing) = self.missing(&given[0])?
        {
            return Ok(missing);
        }
        match method {
            "authenticate_twitter" => Ok(self.login(given)),
            "posting_get_login_status" => Ok(object([("login_status", Value::Bool(self.authenticated.truthy()))])),
            "post_tweet" => self.post(given),
            "retweet" => self.retweet(&given[0]),
            "comment" => self.comment(&given[0], &given[1]),
            "mention" => self.mention(&given[0], &given[1]),
            "follow_user" => self.follow(&given[0], true),
            "unfollow_user" => self.follow(&given[0], false),
            "list_all_following" => Ok(object([("following_list", self.following.clone())])),
            "get_tweet" => Ok(find(&self.tweets, &given[0]).cloned().unwrap_or(Value::None)),
            "get_user_tweets" => self.tweets(|tweet| Ok(item(tweet, "username")? == &given[0])).map(Value::List),
            "search_tweets" => self.search(&given[0]),
            "get_tweet_comments" => {
                Ok(find(&self.comments, &given[0]).cloned().unwrap_or_else(|| Value::List(Vec::new())))
            }
            _ => self.statistics(&given[0]),
        }
    }

    fn state(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("username", self.username.clone()),
            ("password", self.password.clone()),
            ("authenticated", self.authenticated.clone()),
            ("tweets", self.tweets.clone()),
            ("comments", self.comments.clone()),
            ("retweets", self.retweets.clone()),
            ("following_list", self.following.clone()),
            ("tweet_counter", self.counter.clone()),
        ]
    }
}
