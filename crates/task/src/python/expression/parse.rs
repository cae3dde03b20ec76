//! Python's expression grammar.

use super::token::{Token, tokens};
use super::unparse::ARITH;
use super::{Binary, Call, Clause, Comprehension, Expr, Parameter, Unary};
use crate::python::Value;

/// How deep expressions may nest, and how long a chain of operators, attributes or calls may be: Python stops at about
/// a thousand.
const MAX_DEPTH: usize = 200;
const MAX_CHAIN: usize = 900;

/// Reads one expression as Python's `ast.parse(text, mode="eval")`; `None` where Python refuses it.
pub(crate) fn expression(text: &str) -> Option<Expr> {
    // A line may not begin with a space.
    if text.starts_with([' ', '\t']) { None } else { expression_of(text) }
}

/// Reads one expression as Python's `eval(text)`, which takes spaces before it.
pub(crate) fn expression_of(text: &str) -> Option<Expr> {
    let mut parser = Parser { tokens: tokens(text)?.into_iter().peekable(), depth: 0 };
    let value = parser.expressions()?;
    parser.tokens.next().is_none().then_some(value)
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    depth: usize,
}

type Made = Option<Expr>;

impl Parser {
    fn at(&mut self, sign: &str) -> bool {
        self.tokens.peek().is_some_and(|token| matches!(token, Token::Sign(s) if *s == sign))
    }

    fn word_is(&mut self, word: &str) -> bool {
        self.tokens.peek().is_some_and(|token| matches!(token, Token::Word(w) if *w == word))
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = self.at(sign);
        if found {
            self.tokens.next();
        }
        found
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.word_is(word);
        if found {
            self.tokens.next();
        }
        found
    }

    fn need(&mut self, sign: &str) -> Option<()> {
        self.take(sign).then_some(())
    }

    fn name(&mut self) -> Option<String> {
        match self.tokens.next()? {
            Token::Name(name) => Some(name),
            _ => None,
        }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        self.depth += 1;
        let made = if self.depth > MAX_DEPTH { None } else { read(self) };
        self.depth -= 1;
        made
    }

    /// Whether what stands here ends a list of expressions.
    fn ends(&mut self) -> bool {
        match self.tokens.peek() {
            None => true,
            Some(Token::Sign(sign)) => matches!(*sign, ")" | "]" | "}" | ":" | "="),
            Some(Token::Word(word)) => matches!(*word, "for" | "async" | "in" | "if" | "else"),
            Some(_) => false,
        }
    }

    /// `a`, or `a, b` as a tuple.
    fn expressions(&mut self) -> Made {
        let first = self.starred_or(Self::test)?;
        let lone_star = matches!(first, Expr::Starred(_));
        if !self.at(",") {
            return if lone_star { None } else { Some(first) };
        }
        let mut items = vec![first];
        while self.take(",") && !self.ends() {
            items.push(self.starred_or(Self::test)?);
        }
        Some(Expr::Tuple(items))
    }

    fn starred_or(&mut self, other: fn(&mut Self) -> Made) -> Made {
        if self.take("*") {
            return Some(Expr::Starred(Box::new(self.operators(0)?)));
        }
        other(self)
    }

    /// `name := value`, or a test.
    fn named(&mut self) -> Made {
        let made = self.test()?;
        if !self.at(":=") {
            return Some(made);
        }
        self.tokens.next();
        matches!(made, Expr::Name(_)).then_some(())?;
        Some(Expr::Named(Box::new(made), Box::new(self.test()?)))
    }

    fn test(&mut self) -> Made {
        self.deeper(|parser| {
            if parser.word_is("lambda") {
                return parser.lambda();
            }
            let made = parser.logic(false)?;
            if !parser.word("if") {
                return Some(made);
            }
            let test = parser.logic(false)?;
            parser.word("else").then_some(())?;
            let other = parser.test()?;
            Some(Expr::Choice(Box::new([test, made, other])))
        })
    }

    fn lambda(&mut self) -> Made {
        self.tokens.next();
        let mut parameters = Vec::new();
        while !self.at(":") {
            let stars = if self.take("**") {
                "**"
            } else if self.take("*") {
                "*"
            } else if self.take("/") {
                "/"
            } else {
                ""
            };
            let alone = stars == "/" || stars == "*" && (self.at(",") || self.at(":"));
            let name = if alone { String::new() } else { self.name()? };
            let default = if !alone && self.take("=") { Some(self.test()?) } else { None };
            parameters.push(Parameter { name: format!("{stars}{name}"), default });
            if !self.take(",") {
                break;
            }
        }
        self.need(":")?;
        Some(Expr::Lambda(parameters, Box::new(self.test()?)))
    }

    /// `or` of `and` of `not`.
    fn logic(&mut self, and: bool) -> Made {
        let part = |parser: &mut Self| if and { parser.negation() } else { parser.logic(true) };
        let word = if and { "and" } else { "or" };
        let first = part(self)?;
        if !self.word_is(word) {
            return Some(first);
        }
        let mut parts = vec![first];
        while self.word(word) {
            parts.push(part(self)?);
        }
        Some(Expr::Logic(and, parts))
    }

    fn negation(&mut self) -> Made {
        if self.word("not") {
            let inner = self.deeper(Self::negation)?;
            return Some(Expr::Unary(Unary::Not, Box::new(inner)));
        }
        let left = self.operators(0)?;
        let mut compared = Vec::new();
        while let Some(sign) = self.comparison()? {
            compared.push((sign, self.operators(0)?));
        }
        Some(if compared.is_empty() { left } else { Expr::Compare(Box::new(left), compared) })
    }

    /// The comparison that stands here, if any.
    #[expect(clippy::option_option, reason = "outer: is it well-formed; inner: is there one")]
    fn comparison(&mut self) -> Option<Option<&'static str>> {
        for sign in ["<=", ">=", "==", "!=", "<", ">"] {
            if self.take(sign) {
                return Some(Some(sign));
            }
        }
        if self.word("in") {
            return Some(Some("in"));
        }
        if self.word("is") {
            return Some(Some(if self.word("not") { "is not" } else { "is" }));
        }
        if self.word("not") {
            return self.word("in").then_some(Some("not in"));
        }
        Some(None)
    }

    /// Binary operators that bind at least so tightly.
    fn operators(&mut self, least: u8) -> Made {
        let mut left = self.factor()?;
        let mut count = 0;
        loop {
            let Some(Token::Sign(sign)) = self.tokens.peek() else { return Some(left) };
            let Some(operator) = Binary::of(sign).filter(|operator| *operator != Binary::Power) else {
                return Some(left);
            };
            let (_, strength) = operator.sign();
            if strength < least {
                return Some(left);
            }
            self.tokens.next();
            count += 1;
            (count < MAX_CHAIN).then_some(())?;
            let right = self.deeper(|parser| parser.operators(strength + 1))?;
            left = Expr::Binary(operator, Box::new(left), Box::new(right));
        }
    }

    fn factor(&mut self) -> Made {
        for (sign, operator) in [("-", Unary::Minus), ("+", Unary::Plus), ("~", Unary::Invert)] {
            if self.take(sign) {
                let operand = self.deeper(Self::factor)?;
                return Some(Expr::Unary(operator, Box::new(operand)));
            }
        }
        let base =
            if self.word("await") { Expr::Word("await", Some(Box::new(self.primary()?))) } else { self.primary()? };
        if !self.take("**") {
            return Some(base);
        }
        let exponent = self.deeper(Self::factor)?;
        Some(Expr::Binary(Binary::Power, Box::new(base), Box::new(exponent)))
    }

    fn primary(&mut self) -> Made {
        let mut made = self.atom()?;
        for _ in 0..MAX_CHAIN {
            made = if self.take(".") {
                Expr::Attribute(Box::new(made), self.name()?)
            } else if self.take("(") {
                self.deeper(|parser| parser.call(made))?
            } else if self.take("[") {
                let index = self.deeper(Self::index)?;
                Expr::Subscript(Box::new(made), Box::new(index))
            } else {
                return Some(made);
            };
        }
        None
    }

    fn call(&mut self, function: Expr) -> Made {
        let (mut positional, mut named, mut unpacked) = (Vec::new(), Vec::new(), false);
        while !self.take(")") {
            if self.take("**") {
                named.push((None, self.test()?));
                unpacked = true;
            } else if self.take("*") {
                (!unpacked).then_some(())?;
                positional.push(Expr::Starred(Box::new(self.test()?)));
            } else {
                let value = self.named()?;
                if self.take("=") {
                    let Expr::Name(name) = value else { return None };
                    named.push((Some(name), self.test()?));
                } else if self.word_is("for") || self.word_is("async") {
                    positional.push(self.comprehension(b'(', value, None)?);
                    // A bare generator is the only argument.
                    (positional.len() == 1 && named.is_empty()).then_some(())?;
                    self.need(")")?;
                    break;
                } else {
                    named.is_empty().then_some(())?;
                    positional.push(value);
                }
            }
            if !self.take(",") {
                self.need(")")?;
                break;
            }
        }
        Some(Expr::Call(Box::new(Call { function, positional, named })))
    }

    fn index(&mut self) -> Made {
        let first = self.slice()?;
        if !self.at(",") {
            self.need("]")?;
            return if matches!(first, Expr::Starred(_)) { Some(Expr::Tuple(vec![first])) } else { Some(first) };
        }
        let mut items = vec![first];
        while self.take(",") && !self.at("]") {
            items.push(self.slice()?);
        }
        self.need("]")?;
        Some(Expr::Tuple(items))
    }

    fn slice(&mut self) -> Made {
        if self.at("*") {
            return self.starred_or(Self::test);
        }
        let bound = |parser: &mut Self| -> Option<Option<Box<Expr>>> {
            if parser.at(":") || parser.at("]") || parser.at(",") {
                return Some(None);
            }
            parser.test().map(|made| Some(Box::new(made)))
        };
        let lower = if self.at(":") { None } else { Some(Box::new(self.named()?)) };
        if !self.take(":") {
            return lower.map(|made| *made);
        }
        let upper = bound(self)?;
        let step = if self.take(":") { bound(self)? } else { None };
        Some(Expr::Slice([lower, upper, step]))
    }

    fn atom(&mut self) -> Made {
        Some(match self.tokens.next()? {
            Token::Name(name) => Expr::Name(name),
            Token::Number(value) => Expr::Constant(value, false),
            Token::Word("None") => Expr::Constant(Value::None, false),
            Token::Word("True") => Expr::Constant(Value::Bool(true), false),
            Token::Word("False") => Expr::Constant(Value::Bool(false), false),
            Token::Sign("...") => Expr::Constant(Value::Ellipsis, false),
            Token::Text(value, unicode) => self.texts(Expr::Constant(value, unicode))?,
            Token::Formatted(text) => self.texts(Expr::Formatted(text))?,
            Token::Sign("(") => self.deeper(Self::parenthesis)?,
            Token::Sign("[") => self.deeper(Self::list)?,
            Token::Sign("{") => self.deeper(Self::brace)?,
            _ => return None,
        })
    }

    /// Texts side by side are one.
    fn texts(&mut self, mut all: Expr) -> Made {
        loop {
            match self.tokens.peek() {
                Some(Token::Text(..) | Token::Formatted(_)) => {}
                _ => return Some(all),
            }
            all = match (all, self.tokens.next()?) {
                (Expr::Constant(Value::Text(mut a), unicode), Token::Text(Value::Text(b), _)) => {
                    a.extend(b);
                    Expr::Constant(Value::Text(a), unicode)
                }
                (Expr::Constant(Value::Bytes(mut a), _), Token::Text(Value::Bytes(b), _)) => {
                    a.extend(b);
                    Expr::Constant(Value::Bytes(a), false)
                }
                (Expr::Constant(value @ Value::Text(_), _), Token::Formatted(b)) => {
                    Expr::Formatted(format!("{value} {b}"))
                }
                (Expr::Formatted(a), Token::Formatted(b)) => Expr::Formatted(format!("{a} {b}")),
                (Expr::Formatted(a), Token::Text(value @ Value::Text(_), _)) => Expr::Formatted(format!("{a} {value}")),
                _ => return None,
            };
        }
    }

    fn parenthesis(&mut self) -> Made {
        if self.take(")") {
            return Some(Expr::Tuple(Vec::new()));
        }
        if self.word("yield") {
            let made = if self.word("from") {
                Expr::Word("yield from", Some(Box::new(self.test()?)))
            } else if self.at(")") {
                Expr::Word("yield", None)
            } else {
                Expr::Word("yield", Some(Box::new(self.expressions()?)))
            };
            self.need(")")?;
            return Some(made);
        }
        let first = self.starred_or(Self::named)?;
        if self.word_is("for") || self.word_is("async") {
            let made = self.comprehension(b'(', first, None)?;
            self.need(")")?;
            return Some(made);
        }
        if !self.at(",") {
            self.need(")")?;
            return if matches!(first, Expr::Starred(_)) { None } else { Some(first) };
        }
        let items = self.items(first, ")")?;
        Some(Expr::Tuple(items))
    }

    /// The items after the first, up to the closing bracket.
    fn items(&mut self, first: Expr, close: &str) -> Option<Vec<Expr>> {
        let mut items = vec![first];
        while self.take(",") && !self.at(close) {
            items.push(self.starred_or(Self::named)?);
        }
        self.need(close)?;
        Some(items)
    }

    fn list(&mut self) -> Made {
        if self.take("]") {
            return Some(Expr::List(Vec::new()));
        }
        let first = self.starred_or(Self::named)?;
        if self.word_is("for") || self.word_is("async") {
            let made = self.comprehension(b'[', first, None)?;
            self.need("]")?;
            return Some(made);
        }
        self.items(first, "]").map(Expr::List)
    }

    fn brace(&mut self) -> Made {
        if self.take("}") {
            return Some(Expr::Dict(Vec::new()));
        }
        if self.at("**") {
            return self.pairs(Vec::new());
        }
        let first = self.starred_or(Self::named)?;
        if self.take(":") {
            let value = self.test()?;
            if self.word_is("for") || self.word_is("async") {
                let made = self.comprehension(b'{', first, Some(value))?;
                self.need("}")?;
                return Some(made);
            }
            let pairs = vec![(Some(first), value)];
            if !self.take(",") {
                self.need("}")?;
                return Some(Expr::Dict(pairs));
            }
            return self.pairs(pairs);
        }
        if self.word_is("for") || self.word_is("async") {
            let made = self.comprehension(b'{', first, None)?;
            self.need("}")?;
            return Some(made);
        }
        self.items(first, "}").map(Expr::Set)
    }

    fn pairs(&mut self, mut pairs: Vec<(Option<Expr>, Expr)>) -> Made {
        while !self.take("}") {
            if self.take("**") {
                pairs.push((None, self.operators(0)?));
            } else {
                let key = self.test()?;
                self.need(":")?;
                pairs.push((Some(key), self.test()?));
            }
            if !self.take(",") {
                self.need("}")?;
                break;
            }
        }
        Some(Expr::Dict(pairs))
    }

    fn comprehension(&mut self, bracket: u8, element: Expr, value: Option<Expr>) -> Made {
        if matches!(element, Expr::Starred(_)) {
            return None;
        }
        let mut clauses = Vec::new();
        while self.word_is("for") || self.word_is("async") {
            let awaited = self.word("async");
            self.word("for").then_some(())?;
            let target = self.targets()?;
            self.word("in").then_some(())?;
            let source = self.logic(false)?;
            let mut conditions = Vec::new();
            while self.word("if") {
                conditions.push(self.logic(false)?);
            }
            clauses.push(Clause { awaited, target, source, conditions });
        }
        Some(Expr::Comprehension(Box::new(Comprehension { bracket, element, value, clauses })))
    }

    fn targets(&mut self) -> Made {
        let target = |parser: &mut Self| parser.starred_or(|parser| parser.operators(ARITH));
        let first = target(self)?;
        if !self.at(",") {
            return Some(first);
        }
        let mut items = vec![first];
        while self.take(",") && !self.word_is("in") {
            items.push(target(self)?);
        }
        Some(Expr::Tuple(items))
    }
}
