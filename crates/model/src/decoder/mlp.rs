//! Several gated products in a block, and the router that chooses from them.

use crate::config::{Experts, Scoring};
use crate::{Linear, Matrix, kernel};

/// Chooses the experts of each row.
#[derive(Debug, Clone)]
pub struct Router {
    /// `[experts, hidden]`; never compressed.
    pub gate: Linear,
    /// How it chooses.
    pub experts: Experts,
    /// What is added to scores where experts are chosen, and not where they are weighed, `[experts]`.
    pub correction: Option<Vec<f32>>,
    /// `[1, hidden]`: how much the expert that sees every row counts, where that is not 1; never compressed.
    pub shared_gate: Option<Linear>,
}

/// The rows that one expert sees.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Route {
    /// In rising order.
    pub rows: Vec<usize>,
    /// What the expert's output counts in each of them.
    pub weights: Vec<f32>,
}

impl Route {
    /// Adds an expert's outputs `[rows, hidden]`, weighted, to the rows of `sum`.
    pub fn scatter_add(&self, outputs: &Matrix, sum: &mut Matrix) {
        for (at, (&row, &weight)) in self.rows.iter().zip(&self.weights).enumerate() {
            sum.row_mut(row).iter_mut().zip(outputs.row(at)).for_each(|(sum, y)| *sum += weight * y);
        }
    }

    /// The rows of `x` that the expert sees.
    pub fn gather(&self, x: &Matrix) -> Matrix {
        x.gather(&self.rows)
    }
}

impl Router {
    /// Which rows of `x` `[m, hidden]` each expert sees; the one that sees all of them comes last. A row's experts depend
    /// on that row alone.
    pub fn routes(&self, x: &Matrix) -> Vec<Route> {
        let mut routes = vec![Route::default(); self.experts.count];
        let mut scores = self.gate.forward(x);
        for row in 0..x.rows {
            for (expert, weight) in self.choose(scores.row_mut(row)) {
                routes[expert].rows.push(row);
                routes[expert].weights.push(weight);
            }
        }
        if self.experts.shared.is_some() {
            routes.push(Route { rows: (0..x.rows).collect(), weights: self.shared_weights(x) });
        }
        routes
    }

    fn shared_weights(&self, x: &Matrix) -> Vec<f32> {
        match &self.shared_gate {
            Some(gate) => gate.forward(x).data.into_iter().map(kernel::sigmoid).collect(),
            None => vec![1.0; x.rows],
        }
    }

    /// The chosen experts of one row and what they count; of equal ones, the first.
    fn choose(&self, scores: &mut [f32]) -> Vec<(usize, f32)> {
        match self.experts.scoring {
            Scoring::Softmax => kernel::softmax(scores),
            Scoring::Sigmoid => scores.iter_mut().for_each(|score| *score = kernel::sigmoid(*score)),
        }
        let mut choice = scores.to_vec();
        if let Some(correction) = &self.correction {
            choice.iter_mut().zip(correction).for_each(|(choice, by)| *choice += by);
        }
        let mut order = self.candidates(&choice);
        order.sort_by(|&a, &b| choice[b].total_cmp(&choice[a]));
        order.truncate(self.experts.top_k);
        let sum = match (self.experts.normalize, self.experts.scoring) {
            (false, _) => 1.0,
            (true, Scoring::Softmax) => order.iter().map(|&expert| scores[expert]).sum(),
            // All sigmoids may be 0.
            (true, Scoring::Sigmoid) => order.iter().map(|&expert| scores[expert]).sum::<f32>() + 1e-20,
        };
        order.into_iter().map(|expert| (expert, scores[expert] / sum * self.experts.scale)).collect()
    }

    /// The experts of the best groups, in order; all where they are in no groups.
    fn candidates(&self, choice: &[f32]) -> Vec<usize> {
        let Some(groups) = self.experts.groups else { return (0..choice.len()).collect() };
        let size = (choice.len() / groups.count.max(1)).max(1);
        let rank = |members: &[f32]| {
            let mut best = members.to_vec();
            best.sort_by(|a, b| b.total_cmp(a));
            best.iter().take(groups.rank_by).sum::<f32>()
        };
        let ranks: Vec<f32> = choice.chunks(size).map(rank).collect();
        let mut order: Vec<usize> = (0..ranks.len()).collect();
        order.sort_by(|&a, &b| ranks[b].total_cmp(&ranks[a]));
        order.truncate(groups.kept);
        order.sort_unstable();
        order.into_iter().flat_map(|group| group * size..((group + 1) * size).min(choice.len())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Weight;
    use crate::config::ExpertGroups;

    fn router(experts: Experts, correction: Option<Vec<f32>>) -> Router {
        let weight = Weight::F32(Matrix::zeros(experts.count, 1));
        let gate = Linear { name: "gate".into(), weight, bias: None, activation: None };
        Router { gate, experts, correction, shared_gate: None }
    }

    #[test]
    fn groups_limit_the_choice_and_corrections_do_not_weigh() {
        let groups = Some(ExpertGroups { count: 3, kept: 1, rank_by: 2 });
        let experts = Experts { scoring: Scoring::Sigmoid, normalize: true, scale: 2.0, groups, ..Experts::new(6, 2) };
        let logit = |p: f32| (p / (1.0 - p)).ln();
        let mut scores = [0.9, 0.1, 0.5, 0.6, 0.2, 0.3].map(logit);
        // Groups of two: 1.0, 1.1 and .5; the best expert of all is in the second best group.
        let chosen = router(experts, None).choose(&mut scores.clone());
        assert_eq!(chosen.iter().map(|one| one.0).collect::<Vec<_>>(), [3, 2]);
        assert!((chosen[0].1 - 2.0 * 0.6 / 1.1).abs() < 1e-5 && (chosen[1].1 - 2.0 * 0.5 / 1.1).abs() < 1e-5);
        let chosen = router(experts, Some(vec![0.0, 0.2, 0.0, 0.0, 0.0, 0.0])).choose(&mut scores);
        assert_eq!(chosen.iter().map(|one| one.0).collect::<Vec<_>>(), [0, 1]);
        assert!((chosen[0].1 - 1.8).abs() < 1e-5, "{chosen:?}");
    }

    #[test]
    fn the_best_of_a_group_ranks_it_and_weights_are_as_they_are() {
        let groups = Some(ExpertGroups { count: 2, kept: 1, rank_by: 1 });
        let experts = Experts { groups, scale: 3.0, ..Experts::new(4, 2) };
        let mut scores = [0.4f32, 0.05, 0.3, 0.25].map(f32::ln);
        let chosen = router(experts, None).choose(&mut scores);
        assert_eq!(chosen.iter().map(|one| one.0).collect::<Vec<_>>(), [0, 1]);
        assert!((chosen[0].1 - 1.2).abs() < 1e-5 && (chosen[1].1 - 0.15).abs() < 1e-5, "{chosen:?}");
    }
}
