//! Whether a row's answers can win under its own set's metric: a gold that scores nothing when it is replied as it is
//! takes points from every model alike.

use record::Scoring;
use serde_json::Value;

use super::Switches;
use super::metric::{Metric, Ratio, Rules};
use super::score::score;
use super::sets::Set;

/// Why no reply to a row can win; `None` where one can, whichever way replies are scored.
pub(super) fn unwinnable(set: &Set, fields: &Value) -> Option<String> {
    let texts = |name: &str| -> Vec<String> {
        fields[name].as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
    };
    let (answers, classes) = (texts("answers"), texts("all_classes"));
    if answers.iter().all(|answer| answer.trim().is_empty()) {
        return Some("its answers are empty".to_owned());
    }
    let wins = |reply: &str, scoring: Scoring| {
        let switches = Switches::from(scoring);
        let rules = Rules { classes: &classes, ratio: Ratio::default(), question: "", switches: &switches };
        score(set, reply, &answers, &rules).0 > 0.0
    };
    // A gold that is a comment is passed over where it is replied, but its words are like it.
    let bare = |answer: &str| answer.trim_matches(['#', '/', '`', ' ']).to_owned();
    let replies = answers.iter().flat_map(|answer| [answer.clone(), bare(answer)]);
    let mut tried =
        replies.flat_map(|reply| [Scoring::Corrected, Scoring::Paper].map(|scoring| (reply.clone(), scoring)));
    if tried.any(|(reply, scoring)| wins(&reply, scoring)) {
        return None;
    }
    let shown: Vec<String> = answers.iter().take(3).map(|answer| format!("{answer:?}")).collect();
    Some(format!("no reply can win: its answer {} {}", shown.join(", "), lack(set.metric, &classes)))
}

/// What an answer lacks that its metric needs.
fn lack(metric: Metric, classes: &[String]) -> &'static str {
    match metric {
        Metric::Classification if classes.is_empty() => "is a class, and the row has no all_classes",
        Metric::Classification => "is none of its all_classes",
        Metric::Count => "is no number",
        Metric::Retrieval => "names no paragraph as \"Paragraph 7\" does",
        Metric::RetrievalZh => "names no paragraph as \"段落7\" does",
        Metric::F1 | Metric::F1Zh => "has no words beside articles and punctuation",
        Metric::Rouge | Metric::RougeZh => "has no words",
        Metric::Code => "has no code",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::long_context::longbench::sets::find;
    use serde_json::json;

    fn says(set: &str, answers: &[&str], classes: Value) -> Option<String> {
        unwinnable(find(set)?, &json!({"answers": answers, "all_classes": classes}))
    }

    #[test]
    fn golds_that_lack_what_their_metric_needs_are_named() {
        for (set, answer, classes, problem) in [
            ("passage_retrieval_zh", "七", Value::Null, "段落7"),
            ("passage_retrieval_en", "7", Value::Null, "Paragraph 7"),
            ("passage_retrieval_en_e", "Paragraph seven", Value::Null, "Paragraph 7"),
            ("passage_count", "seven", Value::Null, "is no number"),
            ("trec", "Food", Value::Null, "no all_classes"),
            ("lsht", "体育", json!([]), "no all_classes"),
            ("trec", "Food", json!(["Sport"]), "none of its all_classes"),
            ("qasper", " ", Value::Null, "are empty"),
            ("hotpotqa", "The", Value::Null, "articles and punctuation"),
            ("multifieldqa_zh", "。", Value::Null, "articles and punctuation"),
            ("gov_report", "", Value::Null, "are empty"),
            ("lcc", "", Value::Null, "are empty"),
        ] {
            let said = says(set, &[answer], classes).unwrap_or_default();
            assert!(said.contains(problem), "{set} {answer}: {said:?}");
        }
    }

    #[test]
    fn golds_that_can_win_are_kept() {
        for (set, answers, classes) in [
            ("passage_retrieval_zh", &["段落7"][..], Value::Null),
            ("passage_retrieval_en", &["x", "Paragraph 12"], Value::Null),
            ("passage_count", &["07"], Value::Null),
            ("trec", &["Food"], json!(["Sport", "Food"])),
            ("qasper", &["", "Unanswerable"], Value::Null),
            ("hotpotqa", &["no"], Value::Null),
            ("lcc", &["        // half the total"], Value::Null),
            ("lcc", &["    url = 'http://x' # it"], Value::Null),
            ("repobench-p", &["# it"], Value::Null),
            ("samsum", &["\nAnn left.\nBob stayed."], Value::Null),
            ("vcsum", &["会议讨论了预算。"], Value::Null),
        ] {
            assert_eq!(says(set, answers, classes), None, "{set} {answers:?}");
        }
    }
}
