//! Papers, what they refer to, and who wrote them: questions that follow a graph.

use record::Rng;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::service::{Function, Named, Refused, Service, argument, dict};
use super::names::Names;
use super::scene::{Call, Level, Machine, Manual, Puzzle, Scene};
use super::{same_text, texts};
use crate::python::Value;

/// Papers and authors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Library {
    papers: Vec<Paper>,
    authors: Vec<Author>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Paper {
    title: String,
    year: i64,
    citations: i64,
    authors: Vec<String>,
    references: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Author {
    name: String,
    institute: String,
}

/// What is said of the tools.
pub const MANUAL: Manual = Manual {
    about: "The tools know papers and the people who wrote them.",
    tools: &[
        ("find_paper", "the year of a paper and how often it was cited"),
        ("list_authors", "the authors of a paper, the first one first"),
        ("list_references", "the titles of the papers that a paper refers to"),
        ("find_author", "the institute where an author works"),
        ("list_papers", "the titles of an author's papers"),
        ("list_coauthors", "the names of those who wrote papers with an author"),
        ("shared_papers", "the titles of the papers that two authors wrote together"),
    ],
};

const FUNCTIONS: &[Function] = &[
    Function { name: "find_paper", keys: &["title"] },
    Function { name: "list_authors", keys: &["title"] },
    Function { name: "list_references", keys: &["title"] },
    Function { name: "find_author", keys: &["name"] },
    Function { name: "list_papers", keys: &["name"] },
    Function { name: "list_coauthors", keys: &["name"] },
    Function { name: "shared_papers", keys: &["name1", "name2"] },
];

impl Library {
    fn draw(rng: &mut Rng, names: &mut Names) -> Self {
        let institutes: Vec<String> = (0..12).map(|_| names.institute(rng)).collect();
        let institute = |rng: &mut Rng| rng.pick(&institutes).cloned().unwrap_or_default();
        let authors: Vec<Author> =
            (0..8).map(|_| Author { name: names.person(rng), institute: institute(rng) }).collect();
        let mut papers: Vec<Paper> = Vec::new();
        for _ in 0..14 {
            let count = rng.between(1, 3);
            let writers = rng.choose(authors.len(), count);
            let earlier = rng.between(2, 5);
            let references = rng.choose(papers.len(), earlier);
            papers.push(Paper {
                title: names.paper(rng),
                year: rng.between(1961, 2024) as i64,
                citations: rng.between(3, 998) as i64,
                authors: writers.into_iter().map(|at| authors[at].name.clone()).collect(),
                references: references.into_iter().map(|at| papers[at].title.clone()).collect(),
            });
        }
        Self { papers, authors }
    }

    fn paper(&self, title: &Value) -> Result<&Paper, Refused> {
        let found = self.papers.iter().find(|paper| same_text(title, &paper.title));
        found.ok_or_else(|| Refused::Told("There is no paper with this title.".into()))
    }

    fn author(&self, name: &Value) -> Result<&Author, Refused> {
        let found = self.authors.iter().find(|author| same_text(name, &author.name));
        found.ok_or_else(|| Refused::Told("There is no author with this name.".into()))
    }

    fn of(&self, name: &str) -> impl Iterator<Item = &Paper> {
        self.papers.iter().filter(move |paper| paper.authors.iter().any(|author| author == name))
    }

    fn coauthors(&self, name: &str) -> Vec<&str> {
        let with = |author: &&Author| {
            author.name != name && self.of(&author.name).any(|paper| paper.authors.iter().any(|other| other == name))
        };
        self.authors.iter().filter(with).map(|author| author.name.as_str()).collect()
    }

    fn shared<'a>(&'a self, a: &'a str, b: &'a str) -> impl Iterator<Item = &'a Paper> {
        self.of(a).filter(move |paper| paper.authors.iter().any(|author| author == b))
    }
}

impl Service for Library {
    fn functions(&self) -> &'static [Function] {
        FUNCTIONS
    }

    fn call(&mut self, function: &'static str, arguments: &Named) -> Result<Value, Refused> {
        let of = |name: &str| argument(arguments, name);
        let author = |name: &str| self.author(of(name)).map(|author| author.name.as_str());
        match function {
            "find_paper" => {
                let paper = self.paper(of("title"))?;
                Ok(dict([("year", Value::Int(paper.year.into())), ("citations", Value::Int(paper.citations.into()))]))
            }
            "list_authors" => Ok(texts(self.paper(of("title"))?.authors.iter())),
            "list_references" => Ok(texts(self.paper(of("title"))?.references.iter())),
            "find_author" => Ok(dict([("institute", Value::from(self.author(of("name"))?.institute.as_str()))])),
            "list_papers" => Ok(texts(self.of(author("name")?).map(|paper| &paper.title))),
            "list_coauthors" => Ok(texts(self.coauthors(author("name")?).into_iter())),
            _ => {
                let (a, b) = (author("name1")?, author("name2")?);
                Ok(texts(self.shared(a, b).map(|paper| &paper.title)))
            }
        }
    }
}

impl Machine for Library {}

fn find(paper: &Paper) -> Call {
    Call::new("find_paper", [("title", json!(paper.title))])
}

/// A question about a library; `None` where the one that was drawn has no single answer.
pub fn draw(rng: &mut Rng, names: &mut Names, level: Level) -> Option<Puzzle> {
    let library = Library::draw(rng, names);
    let kinds: &[Question] = match level {
        Level::Easy => &[year, citations, institute],
        Level::Hard => &[most_cited, cited_together, colleague, earliest],
    };
    let (goal, calls) = rng.pick(kinds)?(&library, rng)?;
    Some(Puzzle { scene: Scene::Papers(library), goal, calls })
}

type Question = fn(&Library, &mut Rng) -> Option<(String, Vec<Call>)>;

fn year(library: &Library, rng: &mut Rng) -> Option<(String, Vec<Call>)> {
    let paper = rng.pick(&library.papers)?;
    let goal = format!("In which year was the paper \"{}\" published?", paper.title);
    Some((goal, vec![find(paper), Call::finish(json!(paper.year))]))
}

fn citations(library: &Library, rng: &mut Rng) -> Option<(String, Vec<Call>)> {
    let paper = rng.pick(&library.papers)?;
    let goal = format!("How often was the paper \"{}\" cited?", paper.title);
    Some((goal, vec![find(paper), Call::finish(json!(paper.citations))]))
}

fn institute(library: &Library, rng: &mut Rng) -> Option<(String, Vec<Call>)> {
    let author = rng.pick(&library.authors)?;
    let goal = format!("At which institute does {} work?", author.name);
    let call = Call::new("find_author", [("name", json!(author.name))]);
    Some((goal, vec![call, Call::finish(json!(author.institute))]))
}

fn most_cited(library: &Library, rng: &mut Rng) -> Option<(String, Vec<Call>)> {
    let paper = rng.pick(&library.papers)?;
    let cited = |title: &String| library.papers.iter().find(|paper| paper.title == *title);
    let references: Vec<&Paper> = paper.references.iter().filter_map(cited).collect();
    let best = references.iter().max_by_key(|paper| paper.citations)?;
    if references.len() < 3 || references.iter().filter(|paper| paper.citations == best.citations).count() > 1 {
        return None;
    }
    let goal = format!("Which of the papers that \"{}\" refers to was cited most often? Give its title.", paper.title);
    let mut calls = vec![Call::new("list_references", [("title", json!(paper.title))])];
    calls.extend(references.iter().map(|paper| find(paper)));
    calls.push(Call::finish(json!(best.title)));
    Some((goal, calls))
}

fn cited_together(library: &Library, rng: &mut Rng) -> Option<(String, Vec<Call>)> {
    let [a, b] = <[usize; 2]>::try_from(rng.choose(library.authors.len(), 2)).ok()?;
    let (a, b) = (&library.authors[a].name, &library.authors[b].name);
    let shared: Vec<&Paper> = library.shared(a, b).collect();
    if shared.len() < 2 {
        return None;
    }
    let goal = format!("How often were the papers that {a} and {b} wrote together cited, all taken together?");
    let mut calls = vec![Call::new("shared_papers", [("name1", json!(a)), ("name2", json!(b))])];
    calls.extend(shared.iter().map(|paper| find(paper)));
    calls.push(Call::finish(json!(shared.iter().map(|paper| paper.citations).sum::<i64>())));
    Some((goal, calls))
}

fn colleague(library: &Library, rng: &mut Rng) -> Option<(String, Vec<Call>)> {
    let author = rng.pick(&library.authors)?;
    let coauthors = library.coauthors(&author.name);
    let of = |name: &&str| library.authors.iter().find(|author| author.name == **name);
    let wanted = of(rng.pick(&coauthors)?)?;
    let same = coauthors.iter().filter_map(of).filter(|other| other.institute == wanted.institute).count();
    if same > 1 || coauthors.len() < 2 {
        return None;
    }
    let goal = format!("Who of those that wrote papers with {} works at the {}?", author.name, wanted.institute);
    let mut calls = vec![Call::new("list_coauthors", [("name", json!(author.name))])];
    calls.extend(coauthors.iter().map(|name| Call::new("find_author", [("name", json!(name))])));
    calls.push(Call::finish(json!(wanted.name)));
    Some((goal, calls))
}

fn earliest(library: &Library, rng: &mut Rng) -> Option<(String, Vec<Call>)> {
    let paper = rng.pick(&library.papers)?;
    let author = paper.authors.first()?;
    let papers: Vec<&Paper> = library.of(author).collect();
    if !(2..=5).contains(&papers.len()) {
        return None;
    }
    let goal = format!("In which year did the first author of \"{}\" publish the earliest paper?", paper.title);
    let mut calls = vec![
        Call::new("list_authors", [("title", json!(paper.title))]),
        Call::new("list_papers", [("name", json!(author))]),
    ];
    calls.extend(papers.iter().map(|paper| find(paper)));
    calls.push(Call::finish(json!(papers.iter().map(|paper| paper.year).min()?)));
    Some((goal, calls))
}
