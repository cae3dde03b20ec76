//! Which variant to use: a sentence to act on, then a table of what was measured.

use record::{Candidate, Capability, LossCheck, LossLimit, Met, Recommendation};

use crate::table::{sentences, table};
use crate::wording;

/// The recommendation for a terminal of `width` columns.
pub fn recommend_terminal(found: &Recommendation, width: u16) -> String {
    let scopes = scopes(found);
    let mut header = vec!["variant".to_owned(), "size".to_owned(), "speed".to_owned()];
    header.extend(scopes.iter().map(|scope| scope_name(*scope)));
    header.extend(["asked".to_owned(), "dominated by".to_owned()]);
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let rows: Vec<Vec<String>> = found.candidates.iter().map(|one| row(one, &scopes)).collect();
    let first = sentences(&[bottom_line(found)], width);
    first + &table(&header, &rows, &header[1..3 + scopes.len()], width) + &sentences(&notes(found), width)
}

/// All tasks together, then the capabilities that were measured of some compressed variant.
fn scopes(found: &Recommendation) -> Vec<Option<Capability>> {
    let compressed = || found.candidates.iter().filter(|one| one.variant != record::DENSE);
    let measured = |scope: &Option<Capability>| compressed().any(|one| one.loss(*scope).is_some());
    let all = [None].into_iter().chain(Capability::ALL.map(Some));
    all.filter(measured).collect()
}

fn scope_name(scope: Option<Capability>) -> String {
    scope.map_or_else(|| "all tasks".to_owned(), wording::capability)
}

fn row(one: &Candidate, scopes: &[Option<Capability>]) -> Vec<String> {
    let mut cells = vec![
        named(one),
        one.bytes.map_or_else(|| "not known".to_owned(), |bytes| wording::bytes(bytes as f64)),
        one.speed.map_or_else(|| "not measured".to_owned(), |speed| pace(speed, one.joules)),
    ];
    cells.extend(scopes.iter().map(|scope| match one.loss(*scope) {
        _ if one.variant == record::DENSE => "0.0".to_owned(),
        Some(loss) => format!("{} {}", wording::points(loss.delta), wording::interval(loss.interval)),
        None => "–".to_owned(),
    }));
    let mut asked: Vec<String> = one.fits.iter().map(|met| size_word(*met).to_owned()).collect();
    asked.extend(one.checks.iter().map(|check| format!("{}: {}", scope_name(check.limit.capability), answer(check))));
    cells.push(asked.join("; "));
    let by = one.dominated_by.iter().map(|by| if by.sure { by.by.clone() } else { format!("{} (not sure)", by.by) });
    let by: Vec<String> = by.collect();
    cells.push(if by.is_empty() { "–".to_owned() } else { by.join(", ") });
    cells
}

/// `21.4 tokens/s, 2.1 J each`
fn pace(speed: f64, joules: Option<f64>) -> String {
    let joules = joules.map(|joules| format!(", {joules:.1} J each")).unwrap_or_default();
    format!("{speed:.1} tokens/s{joules}")
}

/// `wanda-2of4 (2:4)`
fn named(one: &Candidate) -> String {
    match &one.pattern {
        Some(pattern) => format!("{} ({pattern} sparse)", one.variant),
        None => one.variant.clone(),
    }
}

fn size_word(met: Met) -> &'static str {
    match met {
        Met::Yes => "fits",
        Met::No => "does not fit",
        _ => "size not known",
    }
}

/// `yes`, `no`, `cannot tell, needs about 870 samples`
fn answer(check: &LossCheck) -> String {
    match (check.met, check.needed) {
        (Met::Yes, _) => "yes".to_owned(),
        (Met::No, _) => "no".to_owned(),
        (Met::CannotTell, Some(needed)) => format!("cannot tell, needs about {} samples", wording::about(needed)),
        (Met::CannotTell, None) => "cannot tell, too close to the limit".to_owned(),
        (Met::NothingToLose, _) => "the dense model cannot do it".to_owned(),
        (Met::NotMeasured, _) => "not measured".to_owned(),
    }
}

/// What was asked: `to fit 6.00 GB and lose less than 3 points on tool use`
fn asked(found: &Recommendation) -> String {
    let size = found.constraints.bytes.map(|bytes| format!("fit {}", wording::bytes(bytes as f64)));
    let limits = found.constraints.losses.iter().map(limit);
    wording::list(&size.into_iter().chain(limits).collect::<Vec<_>>())
}

/// `lose less than 3 points on tool use`
fn limit(limit: &LossLimit) -> String {
    let on = limit
        .capability
        .map_or_else(|| "over all tasks together".to_owned(), |it| format!("on {}", wording::capability(it)));
    format!("lose less than {} points {on}", wording::margin(limit.most))
}

/// The sentence that can be acted on.
fn bottom_line(found: &Recommendation) -> String {
    let by_name = |name: &Option<String>| found.candidates.iter().find(|one| Some(&one.variant) == name.as_ref());
    if let Some(one) = by_name(&found.chosen) {
        return chosen(found, one);
    }
    let Some(one) = by_name(&found.nearest) else { return "The run has no variant.".to_owned() };
    let mut parts: Vec<String> = Vec::new();
    parts.extend(one.fits.filter(|met| *met != Met::Yes).map(|met| match (met, one.bytes) {
        (Met::No, Some(bytes)) => format!("it takes {}, so allow as much", wording::bytes(bytes as f64)),
        _ => "no file says its size".to_owned(),
    }));
    parts.extend(one.checks.iter().filter(|check| check.met != Met::Yes).map(|check| change(one, check)));
    format!("No variant is shown to {}. {} comes nearest: {}.", asked(found), named(one), parts.join("; "))
}

fn chosen(found: &Recommendation, one: &Candidate) -> String {
    let size = one.bytes.map_or_else(String::new, |bytes| format!(" ({})", wording::bytes(bytes as f64)));
    let wanted = asked(found);
    let limited = !found.constraints.losses.is_empty();
    if one.variant == record::DENSE {
        let why = if limited { "no smaller variant is shown to" } else { "it is whole, and shown to" };
        return format!("Keep dense{size}: {why} {wanted}.");
    }
    let rank = if limited { "the smallest variant" } else { "of the variants" };
    let lost = match one.loss(None) {
        Some(loss) if !limited => format!(
            " the one with the best lower bound: {} points {} over all tasks together",
            wording::points(loss.delta),
            wording::interval(loss.interval)
        ),
        _ => String::new(),
    };
    let default = if found.by_default { " (the run\u{2019}s margin; --fits and --loses ask for more)" } else { "" };
    format!("Use {}{size}: {rank} shown to {wanted}{default}{lost}.", named(one))
}

/// What would make the nearest variant keep a limit.
fn change(one: &Candidate, check: &LossCheck) -> String {
    let scope = check.limit.capability;
    let (name, loss) = (scope_name(scope), one.loss(scope));
    let allow = loss.map(|loss| {
        let points = (-loss.bounds.low * 1000.0).floor() / 10.0 + 0.1;
        format!("allow a loss of {points:.1} points")
    });
    match (check.met, check.needed, loss) {
        (Met::No, _, Some(loss)) => format!(
            "it loses {} points {} of {name}; {}",
            wording::points(-loss.delta).trim_start_matches('+'),
            wording::interval(loss.interval),
            allow.unwrap_or_default()
        ),
        (Met::CannotTell, Some(needed), Some(loss)) => format!(
            "{name} cannot be told from {}; about {} would, or {}",
            wording::counted(loss.n, "sample"),
            wording::counted_about(needed, "sample"),
            allow.unwrap_or_default()
        ),
        (Met::NothingToLose, ..) => {
            format!("the dense model scores no more than the limit on {name}: ask tasks that it can do")
        }
        (Met::CannotTell, ..) => format!("{name} is too close to the limit; {}", allow.unwrap_or_default()),
        _ => format!("{name} was not measured: ask tasks of it (--tasks)"),
    }
}

fn notes(found: &Recommendation) -> Vec<String> {
    let mut notes = vec![
        "Size: bytes of the weights as stored. Losses: points of 100 beside dense, with 95% intervals; a limit is kept \
         where the one-sided 95% bound of that variant alone is above it."
            .to_owned(),
    ];
    let front: Vec<String> =
        found.candidates.iter().filter(|one| one.dominated_by.is_empty()).map(|one| one.variant.clone()).collect();
    if front.len() < found.candidates.len() {
        notes.push(format!(
            "On the Pareto front of what was measured: {}. The others are dominated: one is no larger and loses no more; \
             \u{201c}not sure\u{201d} where the intervals overlap.",
            wording::list(&front)
        ));
    }
    if found.candidates.iter().all(|one| one.speed.is_none()) {
        notes.push("Speed was not measured in this run, and is no part of the choice.".to_owned());
    } else {
        notes.push(
            "Speed is that of this program on the machine of the run, prompts included; less than 10% apart counts as equal."
                .to_owned(),
        );
    }
    if let Some(one) = found.candidates.iter().find(|one| one.pattern.as_deref() == Some("2:4")) {
        notes.push(format!("{} is 2:4 sparse: vLLM and llm-compressor no longer run this pattern.", one.variant));
    }
    notes
}

#[cfg(test)]
mod tests {
    use record::{Constraints, Dominance, Interval, Loss};

    use super::*;

    fn candidate(variant: &str, bytes: u64, met: Met, needed: Option<usize>) -> Candidate {
        let interval = Interval { low: -0.041, high: 0.02 };
        let limit = LossLimit { capability: Some(Capability::ToolUse), most: 0.03 };
        let loss = |capability| Loss { capability, delta: -0.01, interval, bounds: interval, n: 200 };
        Candidate {
            variant: variant.to_owned(),
            bytes: Some(bytes),
            speed: None,
            joules: None,
            pattern: variant.contains("2of4").then(|| "2:4".to_owned()),
            losses: vec![loss(None), loss(Some(Capability::ToolUse))],
            fits: Some(if bytes <= 6_000_000_000 { Met::Yes } else { Met::No }),
            checks: vec![LossCheck { limit, met, needed }],
            dominated_by: Vec::new(),
        }
    }

    fn recommendation(candidates: Vec<Candidate>, chosen: Option<&str>) -> Recommendation {
        let limit = candidates[0].checks[0].limit;
        Recommendation {
            constraints: Constraints { bytes: Some(6_000_000_000), losses: vec![limit] },
            by_default: false,
            nearest: chosen.is_none().then(|| candidates[0].variant.clone()),
            chosen: chosen.map(str::to_owned),
            candidates,
        }
    }

    #[test]
    fn the_sentence_says_what_to_use_or_what_would_change_it() {
        let good = candidate("gptq-w4", 4_000_000_000, Met::Yes, None);
        assert_eq!(
            bottom_line(&recommendation(vec![good], Some("gptq-w4"))),
            "Use gptq-w4 (4.00 GB): the smallest variant shown to fit 6.00 GB and lose less than 3 points on tool use."
        );
        let dense = candidate("dense", 5_000_000_000, Met::Yes, None);
        assert_eq!(
            bottom_line(&recommendation(vec![dense], Some("dense"))),
            "Keep dense (5.00 GB): no smaller variant is shown to fit 6.00 GB and lose less than 3 points on tool use."
        );
        let open = candidate("gptq-w4", 4_000_000_000, Met::CannotTell, Some(870));
        assert_eq!(
            bottom_line(&recommendation(vec![open], None)),
            "No variant is shown to fit 6.00 GB and lose less than 3 points on tool use. gptq-w4 comes nearest: tool use \
             cannot be told from 200 samples; about 870 samples would, or allow a loss of 4.2 points."
        );
        let large = candidate("gptq-w8", 8_000_000_000, Met::No, None);
        let said = bottom_line(&recommendation(vec![large], None));
        let end = "it takes 8.00 GB, so allow as much; it loses 1.0 points [−4.1, +2.0] of tool use; allow a loss of 4.2 points.";
        assert!(said.ends_with(end), "{said}");
    }

    #[test]
    fn the_table_has_who_is_dominated_and_the_pattern() {
        let mut sparse = candidate("wanda-2of4", 5_000_000_000, Met::CannotTell, Some(870));
        sparse.dominated_by.push(Dominance { by: "gptq-w4".to_owned(), sure: false });
        let all = vec![candidate("gptq-w4", 4_000_000_000, Met::Yes, None), sparse];
        let text = recommend_terminal(&recommendation(all, Some("gptq-w4")), 200);
        for part in [
            "wanda-2of4 (2:4 sparse)",
            "not measured",
            "gptq-w4 (not sure)",
            "fits; tool use: cannot tell, needs about 870 samples",
            "no longer run this pattern",
            "front of what was measured: gptq-w4.",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
