//! 4,750 predictions of LongBench's shape: made from a seed, and scored in mode `paper`.
//!
//! `longbench make FILE` writes them, `longbench score FILE SCORES` scores them, one number a line.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufWriter, Write as _};

use record::{Rng, Scoring};
use serde_json::{Value, json};
use task::long_context::longbench::{Metric, Ratio, Rules, SETS, Set, Switches, score};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", file] => make(file),
        ["score", file, scores] => judge(file, scores),
        _ => Err("usage: longbench make FILE | longbench score FILE SCORES".into()),
    }
}

fn judge(file: &str, scores: &str) -> Result<(), Box<dyn Error>> {
    let switches = Switches::from(Scoring::Paper);
    let mut text = String::new();
    for line in fs::read_to_string(file)?.lines() {
        let row: Value = serde_json::from_str(line)?;
        let texts = |key: &str| -> Vec<String> {
            row[key].as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
        };
        let set = SETS.iter().find(|set| row["dataset"] == set.name).ok_or("an unknown set")?;
        let classes = texts("all_classes");
        let rules = Rules { classes: &classes, ratio: Ratio::Difflib, question: "", switches: &switches };
        writeln!(text, "{:?}", score(set, row["pred"].as_str().unwrap_or_default(), &texts("answers"), &rules).0)?;
    }
    Ok(fs::write(scores, text)?)
}

fn make(file: &str) -> Result<(), Box<dyn Error>> {
    let mut rng = Rng::new(1);
    let mut out = BufWriter::new(fs::File::create(file)?);
    for set in SETS {
        let rows = match set.name {
            "multifieldqa_en" => 150,
            "lcc" | "repobench-p" => 500,
            _ => 200,
        };
        for _ in 0..rows {
            writeln!(out, "{}", row(&mut rng, set))?;
        }
    }
    Ok(out.flush()?)
}

/// Words of an answer and how many answers a row has, about as LongBench's.
fn shape(rng: &mut Rng, set: &Set) -> (usize, usize) {
    match set.name {
        "gov_report" => (rng.between(350, 750), 1),
        "multi_news" => (rng.between(150, 350), 1),
        "vcsum" => (rng.between(100, 250), 1),
        "qmsum" => (rng.between(40, 110), 1),
        "dureader" => (rng.between(40, 120), rng.between(1, 4)),
        "samsum" => (rng.between(10, 35), 1),
        "triviaqa" => (rng.between(1, 4), rng.between(2, 14)),
        "narrativeqa" | "qasper" => (rng.between(2, 25), rng.between(1, 3)),
        _ => (rng.between(1, 12), 1),
    }
}

fn row(rng: &mut Rng, set: &Set) -> Value {
    let (words, count) = shape(rng, set);
    let classes: Vec<String> = (0..50).map(|class| format!("Class {class} of {} things", class % 7)).collect();
    let (pred, answers) = match set.metric {
        Metric::Classification => {
            let answer = classes[rng.below(50)].clone();
            let pred = if rng.chance(0.6) { answer.clone() } else { classes[rng.below(50)].clone() };
            (format!("{pred}\nQuestion: {}", english(rng, 12)), vec![answer])
        }
        Metric::Count => (format!("There are {} of {}", rng.below(30), rng.below(30)), vec![rng.below(30).to_string()]),
        Metric::Retrieval => (format!("Paragraph {}", rng.below(30)), vec![format!("Paragraph {}", rng.below(30))]),
        Metric::RetrievalZh => (format!("段落{}", rng.below(30)), vec![format!("段落{}", rng.below(30))]),
        Metric::Code => {
            let line = code(rng);
            (format!("{}\n{}\n{}", changed(rng, &line), code(rng), code(rng)), vec![line])
        }
        Metric::F1Zh | Metric::RougeZh => texts(rng, words, count, chinese),
        Metric::F1 | Metric::Rouge => texts(rng, words, count, english),
    };
    let classes = if set.metric == Metric::Classification { json!(classes) } else { Value::Null };
    json!({"dataset": set.name, "pred": pred, "answers": answers, "all_classes": classes, "length": 5000})
}

/// Answers, and a prediction that shares sentences with the first.
fn texts(rng: &mut Rng, words: usize, count: usize, of: impl Fn(&mut Rng, usize) -> String) -> (String, Vec<String>) {
    let answers: Vec<String> = (0..count).map(|_| of(rng, words)).collect();
    let mut pred = String::new();
    for sentence in answers[0].split_inclusive(['.', '。']) {
        let other = of(rng, 12);
        pred.push_str(match rng.below(3) {
            0 => &other,
            _ => sentence,
        });
        pred.push(' ');
    }
    pred.push_str(&of(rng, words / 3 + 1));
    (pred, answers)
}

const ENGLISH: &[&str] = &[
    "the", "of", "and", "to", "a", "in", "report", "agency", "for", "that", "is", "was", "on", "with", "by", "program",
    "federal", "data", "cost", "year", "state", "which", "from", "at", "it", "system", "percent", "people", "new",
    "city", "he", "she", "they", "first", "group", "said", "meeting", "price", "water", "health", "model", "plan",
    "office", "school", "road", "act", "law", "review", "risk", "team", "budget", "paper", "method", "result",
];

fn english(rng: &mut Rng, words: usize) -> String {
    let mut text = String::new();
    for at in 0..words {
        let word = rng.pick(ENGLISH).copied().unwrap_or_default();
        text.push_str(word);
        // Names and numbers make up the long tail.
        if rng.chance(0.15) {
            let _ = write!(text, " {}{}", word, rng.below(2000));
        }
        text.push_str(if at % 18 == 17 { ". " } else { " " });
    }
    text.trim().to_owned()
}

const CHINESE: &[&str] = &[
    "会议",
    "讨论",
    "了",
    "人工智能",
    "的",
    "发展",
    "趋势",
    "和",
    "问题",
    "我们",
    "需要",
    "时间",
    "公司",
    "市场",
    "经济",
    "政策",
    "数据",
    "技术",
    "研究",
    "认为",
    "可以",
    "增长",
    "中国",
    "北京",
    "上海",
    "学生",
    "老师",
    "医院",
    "健康",
    "手机",
    "网络",
    "一个",
    "非常",
    "重要",
    "方法",
    "是",
    "在",
    "有",
    "不",
    "也",
    "与",
    "对",
    "工作",
    "生活",
    "环境",
    "保护",
    "投资",
    "银行",
    "价格",
    "上涨",
    "王小明",
    "李雷",
    "提出",
    "建议",
    "第三",
    "季度",
    "2023年",
    "12.5%",
];

fn chinese(rng: &mut Rng, words: usize) -> String {
    let mut text = String::new();
    for at in 0..words {
        text.push_str(rng.pick(CHINESE).copied().unwrap_or_default());
        match at % 14 {
            6 => text.push('，'),
            13 => text.push('。'),
            _ => {}
        }
    }
    text
}

fn code(rng: &mut Rng) -> String {
    let mut name = || rng.pick(ENGLISH).copied().unwrap_or_default();
    format!("    {}_{} = self.{}({}, {}=\"{}\")", name(), name(), name(), name(), name(), name())
}

/// The line with some characters changed or left out.
fn changed(rng: &mut Rng, line: &str) -> String {
    line.chars().filter_map(|c| if rng.chance(0.9) { Some(c) } else { rng.chance(0.5).then_some('x') }).collect()
}
