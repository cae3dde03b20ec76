//! PDDL domains and problems: typed STRIPS, as AgentBoard's games use it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use super::expression::{Expression, PddlError, read};

/// A section of a definition: its keyword and what follows it.
type Section = (String, Vec<Expression>);
/// A predicate's name and its arguments, each with its line.
type Literal<'a> = (String, Vec<(&'a str, usize)>);

/// The type of everything that has none.
const ANY: &str = "object";

/// A statement that is true or not: a predicate and the objects it is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fact {
    /// The predicate: `at`.
    pub predicate: String,
    /// Object names: `ball1`, `rooma`.
    pub args: Vec<String>,
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.predicate)?;
        self.args.iter().try_for_each(|arg| write!(f, " {arg}"))
    }
}

/// A predicate's declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predicate {
    /// Its name.
    pub name: String,
    /// How many objects it is about.
    pub arity: usize,
}

/// An argument of a condition or an effect in an action schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// The action's parameter of this index.
    Parameter(usize),
    /// An object by name.
    Constant(String),
}

/// A condition or an effect in an action schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Atom {
    /// The predicate.
    pub predicate: String,
    /// Its arguments.
    pub terms: Vec<Term>,
}

/// An action before its parameters are filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// Its name: `pick`.
    pub name: String,
    /// The type of each parameter.
    pub parameters: Vec<String>,
    /// What must be true.
    pub preconditions: Vec<Atom>,
    /// What becomes true.
    pub adds: Vec<Atom>,
    /// What becomes false (before `adds` become true).
    pub deletes: Vec<Atom>,
}

/// The rules of a game.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// Its name.
    pub name: String,
    /// Predicates, in the order of declaration.
    pub predicates: Vec<Predicate>,
    /// Actions, in the order of declaration.
    pub actions: Vec<Schema>,
    /// Objects that every problem has: (name, type).
    pub constants: Vec<(String, String)>,
    /// Each declared type's parent.
    parents: BTreeMap<String, String>,
}

/// One instance of a game.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Its name.
    pub name: String,
    /// Objects and the domain's constants, each once: (name, type).
    pub objects: Vec<(String, String)>,
    /// What is true at the start, each fact once.
    pub init: Vec<Fact>,
    /// What must be true at the end, each fact once.
    pub goal: Vec<Fact>,
}

impl Domain {
    /// Reads a domain.
    ///
    /// # Errors
    /// Text that is not a typed STRIPS domain; the line is named.
    pub fn parse(text: &str) -> Result<Self, PddlError> {
        let (name, sections) = definition(text, "domain")?;
        let mut domain = Domain {
            name,
            predicates: Vec::new(),
            actions: Vec::new(),
            constants: Vec::new(),
            parents: BTreeMap::new(),
        };
        // Types, constants and predicates first: actions may stand anywhere among them.
        for (section, items) in &sections {
            match section.as_str() {
                ":types" => domain.parents = typed(items)?.into_iter().filter(|(name, _)| name != ANY).collect(),
                ":constants" => domain.constants = typed(items)?,
                ":predicates" => domain.predicates = items.iter().map(predicate).collect::<Result<_, _>>()?,
                ":requirements" | ":action" => {}
                other => return Err(PddlError::Unsupported { line: line_of(items), name: other.to_owned() }),
            }
        }
        let kinds: Vec<String> = domain.constants.iter().map(|(_, kind)| kind.clone()).collect();
        for kind in kinds {
            domain.known_type(&kind, 1)?;
        }
        for (section, items) in &sections {
            if section == ":action" {
                let action = domain.action(items)?;
                domain.actions.push(action);
            }
        }
        Ok(domain)
    }

    /// Whether an object of type `kind` may stand where `wanted` is asked for.
    pub fn is_a(&self, kind: &str, wanted: &str) -> bool {
        let mut at = kind;
        // A cycle of types cannot be longer than their number.
        for _ in 0..=self.parents.len() {
            if at == wanted {
                return true;
            }
            match self.parents.get(at) {
                Some(parent) => at = parent,
                None => break,
            }
        }
        wanted == ANY
    }

    fn known_type(&self, kind: &str, line: usize) -> Result<(), PddlError> {
        let known = kind == ANY || self.parents.contains_key(kind) || self.parents.values().any(|p| p == kind);
        if known { Ok(()) } else { Err(PddlError::Unknown { line, kind: "type", name: kind.to_owned() }) }
    }

    fn action(&self, items: &[Expression]) -> Result<Schema, PddlError> {
        let line = line_of(items);
        let [name, fields @ ..] = items else {
            return Err(PddlError::Brackets { line, problem: "an action without a name" });
        };
        let name = name.expect_word("an action's name")?.to_owned();
        let mut schema =
            Schema { name, parameters: Vec::new(), preconditions: Vec::new(), adds: Vec::new(), deletes: Vec::new() };
        let mut names = HashMap::new();
        if let Some(parameters) = field(fields, ":parameters")? {
            for (index, (name, kind)) in typed(parameters.expect_list("a list of parameters")?)?.into_iter().enumerate()
            {
                self.known_type(&kind, parameters.line())?;
                names.insert(name, index);
                schema.parameters.push(kind);
            }
        }
        if let Some(condition) = field(fields, ":precondition")? {
            for part in conjunction(condition)? {
                schema.preconditions.push(self.atom(part, &names)?);
            }
        }
        if let Some(effect) = field(fields, ":effect")? {
            for part in conjunction(effect)? {
                match (part.head(), part.expect_list("an effect")?) {
                    (Some("not"), [_, inner]) => schema.deletes.push(self.atom(inner, &names)?),
                    _ => schema.adds.push(self.atom(part, &names)?),
                }
            }
        }
        Ok(schema)
    }

    fn atom(&self, part: &Expression, parameters: &HashMap<String, usize>) -> Result<Atom, PddlError> {
        let (predicate, args) = self.literal(part)?;
        let terms = args.into_iter().map(|(name, line)| match parameters.get(name) {
            Some(&index) => Ok(Term::Parameter(index)),
            None if name.starts_with('?') => Err(PddlError::Unknown { line, kind: "parameter", name: name.to_owned() }),
            None => Ok(Term::Constant(name.to_owned())),
        });
        Ok(Atom { predicate, terms: terms.collect::<Result<_, _>>()? })
    }

    /// A predicate and its words with their lines, the declaration checked.
    fn literal<'a>(&self, part: &'a Expression) -> Result<Literal<'a>, PddlError> {
        let [head, rest @ ..] = part.expect_list("a predicate with its arguments")? else {
            return Err(part.unexpected("a predicate with its arguments"));
        };
        let name = head.expect_word("a predicate's name")?;
        let line = part.line();
        if matches!(name, "not" | "or" | "imply" | "forall" | "exists" | "when" | "=" | "increase" | "decrease" | "and")
        {
            return Err(PddlError::Unsupported { line, name: name.to_owned() });
        }
        let declared = self.predicates.iter().find(|p| p.name == name);
        let declared = declared.ok_or_else(|| PddlError::Unknown { line, kind: "predicate", name: name.to_owned() })?;
        if declared.arity != rest.len() {
            let name = name.to_owned();
            return Err(PddlError::Arity { line, name, expected: declared.arity, got: rest.len() });
        }
        let args = rest.iter().map(|arg| Ok((arg.expect_word("an argument")?, arg.line())));
        Ok((name.to_owned(), args.collect::<Result<_, PddlError>>()?))
    }
}

impl Problem {
    /// Reads a problem of `domain`.
    ///
    /// # Errors
    /// Text that is not a problem of this domain; the line is named.
    pub fn parse(text: &str, domain: &Domain) -> Result<Self, PddlError> {
        let (name, sections) = definition(text, "problem")?;
        let mut problem = Problem { name, objects: domain.constants.clone(), init: Vec::new(), goal: Vec::new() };
        for (section, items) in &sections {
            if section == ":objects" {
                for (name, kind) in typed(items)? {
                    domain.known_type(&kind, line_of(items))?;
                    if problem.objects.iter().all(|(known, _)| *known != name) {
                        problem.objects.push((name, kind));
                    }
                }
            }
        }
        for (section, items) in &sections {
            match section.as_str() {
                ":init" => problem.init = problem.facts(domain, items.iter())?,
                ":goal" => {
                    let [goal] = items.as_slice() else {
                        return Err(PddlError::Brackets {
                            line: line_of(items),
                            problem: "a goal that is not one list",
                        });
                    };
                    problem.goal = problem.facts(domain, conjunction(goal)?.into_iter())?;
                }
                ":objects" | ":domain" | ":requirements" => {}
                other => return Err(PddlError::Unsupported { line: line_of(items), name: other.to_owned() }),
            }
        }
        Ok(problem)
    }

    fn facts<'a>(&self, domain: &Domain, parts: impl Iterator<Item = &'a Expression>) -> Result<Vec<Fact>, PddlError> {
        let known: HashSet<&str> = self.objects.iter().map(|(name, _)| name.as_str()).collect();
        let mut seen = HashSet::new();
        let mut facts = Vec::new();
        for part in parts {
            let (predicate, args) = domain.literal(part)?;
            if let Some(&(name, line)) = args.iter().find(|(name, _)| !known.contains(name)) {
                return Err(PddlError::Unknown { line, kind: "object", name: name.to_owned() });
            }
            let fact = Fact { predicate, args: args.into_iter().map(|(name, _)| name.to_owned()).collect() };
            if seen.insert(fact.clone()) {
                facts.push(fact);
            }
        }
        Ok(facts)
    }
}

/// The name and the sections of `(define (what name) (:section item..)..)`; a section's items without its name.
fn definition(text: &str, what: &'static str) -> Result<(String, Vec<Section>), PddlError> {
    let whole = read(text)?;
    let (head, parts) = match whole.expect_list("(define ..)")? {
        [define, head, parts @ ..] if define.word() == Some("define") => (head, parts),
        _ => return Err(whole.unexpected("(define (domain ..) ..) or (define (problem ..) ..)")),
    };
    let name = match head.expect_list("(domain name) or (problem name)")? {
        [kind, name] if kind.word() == Some(what) => name.expect_word("a name")?.to_owned(),
        _ => return Err(head.unexpected(if what == "domain" { "(domain name)" } else { "(problem name)" })),
    };
    let mut sections = Vec::new();
    for part in parts {
        match part.expect_list("a section")? {
            [section, items @ ..] => {
                sections.push((section.expect_word("a section's name")?.to_owned(), items.to_vec()));
            }
            [] => return Err(part.unexpected("a section")),
        }
    }
    Ok((name, sections))
}

/// `a b - kind c`: each name with its type; names without one are of type `object`.
fn typed(items: &[Expression]) -> Result<Vec<(String, String)>, PddlError> {
    let mut all: Vec<(String, String)> = Vec::new();
    let mut untyped = 0;
    let mut at = 0;
    while let Some(item) = items.get(at) {
        let word = item.expect_word("a name")?;
        if word == "-" {
            let kind = items.get(at + 1).ok_or_else(|| item.unexpected("a type after `-`"))?;
            if kind.head() == Some("either") {
                return Err(PddlError::Unsupported { line: kind.line(), name: "either".to_owned() });
            }
            let kind = kind.expect_word("a type")?;
            all[untyped..].iter_mut().for_each(|(_, of)| kind.clone_into(of));
            untyped = all.len();
            at += 2;
        } else {
            all.push((word.to_owned(), ANY.to_owned()));
            at += 1;
        }
    }
    Ok(all)
}

fn predicate(item: &Expression) -> Result<Predicate, PddlError> {
    match item.expect_list("a predicate's declaration")? {
        [name, rest @ ..] => {
            Ok(Predicate { name: name.expect_word("a predicate's name")?.to_owned(), arity: typed(rest)?.len() })
        }
        [] => Err(item.unexpected("a predicate's declaration")),
    }
}

/// The parts of `(and ..)`, or the one part that stands alone; none of `()`.
fn conjunction(part: &Expression) -> Result<Vec<&Expression>, PddlError> {
    let items = part.expect_list("a condition")?;
    Ok(match part.head() {
        Some("and") => items[1..].iter().collect(),
        None if items.is_empty() => Vec::new(),
        _ => vec![part],
    })
}

/// The value that follows a keyword in an action.
fn field<'a>(fields: &'a [Expression], keyword: &str) -> Result<Option<&'a Expression>, PddlError> {
    let Some(at) = fields.iter().position(|f| f.word() == Some(keyword)) else { return Ok(None) };
    fields.get(at + 1).map(Some).ok_or_else(|| fields[at].unexpected("a list after the keyword"))
}

fn line_of(items: &[Expression]) -> usize {
    items.first().map_or(1, Expression::line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOMAIN: &str = "(define (domain d) ; a comment ( with a bracket
        (:types A B - thing c - A) (:constants K - c) (:predicates (P ?x - A ?y) (q))
        (:action Do :parameters (?x - a ?y) :precondition (and (p ?x k) (q)) :effect (and (not (q)) (p ?x ?y))))";

    #[test]
    fn types_constants_case_and_comments_are_read() -> Result<(), PddlError> {
        let domain = Domain::parse(DOMAIN)?;
        assert!(domain.is_a("c", "thing") && domain.is_a("c", "object") && !domain.is_a("a", "c"));
        let action = &domain.actions[0];
        assert_eq!(
            (action.name.as_str(), action.parameters.as_slice()),
            ("do", &["a".to_owned(), "object".to_owned()][..])
        );
        assert_eq!((action.preconditions.len(), action.adds.len(), action.deletes.len()), (2, 1, 1));
        let problem =
            "(define (problem p) (:domain d) (:objects o1 K - a o2) (:init (q) (Q) (p o1 k)) (:goal (p o1 o2)))";
        let problem = Problem::parse(problem, &domain)?;
        assert_eq!(problem.objects.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["k", "o1", "o2"]);
        assert_eq!((problem.init.len(), problem.goal[0].to_string().as_str()), (2, "p o1 o2"));
        Ok(())
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() -> Result<(), PddlError> {
        let message = |text: &str| Domain::parse(text).err().map(|e| e.to_string()).unwrap_or_default();
        for (text, want) in [
            ("", "no definition"),
            ("(define (domain d)", "never closed"),
            (")", "closes nothing"),
            ("x", "before the first"),
            ("(define (problem d))", "(domain name)"),
            ("(define (domain d)\n(:functions (f)))", ":functions"),
            ("(define (domain d) (:predicates (p ?x))\n(:action a :precondition (p b c)))", "line 2: `p` takes 1"),
            ("(define (domain d)\n(:action a :precondition (r)))", "unknown predicate `r`"),
            ("(define (domain d) (:predicates (p ?x)) (:action a :effect (p ?z)))", "unknown parameter `?z`"),
            ("(define (domain d) (:predicates (p)) (:action a :precondition (not (p))))", "`not` is outside"),
            ("(define (domain d) (:action a :parameters (?x - t)))", "unknown type `t`"),
        ] {
            assert!(message(text).contains(want), "{text}: {}", message(text));
        }
        assert!(message(&"(".repeat(10_000)).contains("nested"));
        let domain = Domain::parse(DOMAIN)?;
        for bad in ["(:init (p o1 k))", "(:goal (q) (q))", "(:init (p k))", "(:metric x)", "(:objects o - nothing)"] {
            assert!(Problem::parse(&format!("(define (problem x) {bad})"), &domain).is_err(), "{bad}");
        }
        Ok(())
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,80}", pieces in "(\\(|\\)|define |domain |:types |:action |:predicates |:effect |not |and |p |\\?x |- |;|\n){0,40}") {
            let _ = Domain::parse(&text);
            let _ = Domain::parse(&pieces);
            let _ = Domain::parse(&format!("(define (domain d) {pieces})"));
            if let Ok(domain) = Domain::parse(DOMAIN)
                && let Ok(problem) = Problem::parse(&format!("(define (problem d) (:init {pieces}))"), &domain)
            {
                let _ = super::super::GroundedProblem::new(domain, problem);
            }
        }
    }
}
