//! Which of two lists belong together, each to one, so that they fit best.

/// Most on each side for which every way is tried.
const TRIED_MAX: usize = 7;

/// The best way to give each endpoint of one side one of the other.
pub(crate) struct Assignment {
    /// Of each on the left, the one on the right; nothing where none is left or fits.
    pub(crate) pairs: Vec<Option<usize>>,
    /// Whether another way is as good.
    pub(crate) is_ambiguous: bool,
}

/// Finds it; `scores` has how well each on the left fits each on the right, nothing where it does not at all.
pub(crate) fn assign(scores: &[Vec<Option<u32>>]) -> Assignment {
    let rights = scores.first().map_or(0, Vec::len);
    assert!(
        scores.iter().all(|row| row.len() == rights),
        "each on the left is compared with each on the right"
    );
    let mut search = Search {
        scores,
        best: None,
        is_ambiguous: false,
    };
    if scores.len() <= TRIED_MAX && rights <= TRIED_MAX {
        search.from(&mut Vec::new(), 0);
    }
    let is_ambiguous = search.is_ambiguous;
    match search.best {
        Some((_, pairs)) => Assignment {
            pairs,
            is_ambiguous,
        },
        None => Assignment {
            pairs: greedy(scores),
            is_ambiguous: false,
        },
    }
}

/// Tries every way.
struct Search<'a> {
    scores: &'a [Vec<Option<u32>>],
    best: Option<(u32, Vec<Option<usize>>)>,
    is_ambiguous: bool,
}

impl Search<'_> {
    fn from(&mut self, taken: &mut Vec<Option<usize>>, sum: u32) {
        let Some(row) = self.scores.get(taken.len()) else {
            let best = self.best.as_ref().map(|(best, _)| *best);
            if best.is_none_or(|best| sum > best) {
                self.best = Some((sum, taken.clone()));
                self.is_ambiguous = false;
            } else if best == Some(sum) {
                self.is_ambiguous = true;
            }
            return;
        };
        for (at, score) in row.iter().enumerate() {
            if let Some(score) = score.filter(|_| !taken.contains(&Some(at))) {
                taken.push(Some(at));
                self.from(taken, sum + score);
                taken.pop();
            }
        }
        // One that fits nothing, or for which there is none left.
        let left = row.len().saturating_sub(taken.iter().flatten().count());
        let fits = row.iter().flatten().next().is_some();
        if !fits || left == 0 || self.scores.len() > row.len() {
            taken.push(None);
            self.from(taken, sum);
            taken.pop();
        }
    }
}

/// Of very many, the best pair first.
fn greedy(scores: &[Vec<Option<u32>>]) -> Vec<Option<usize>> {
    let mut all: Vec<(u32, usize, usize)> = Vec::new();
    for (left, row) in scores.iter().enumerate() {
        for (right, score) in row.iter().enumerate() {
            all.extend(score.map(|score| (score, left, right)));
        }
    }
    all.sort_by_key(|&(score, left, right)| (std::cmp::Reverse(score), left, right));
    let mut pairs = vec![None; scores.len()];
    for (_, left, right) in all {
        if pairs[left].is_none() && !pairs.contains(&Some(right)) {
            pairs[left] = Some(right);
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_sum_counts_and_not_the_best_pair() {
        let scores = [vec![Some(10), Some(9)], vec![Some(9), Some(1)]];
        let found = assign(&scores);
        assert_eq!(found.pairs, [Some(1), Some(0)]);
        assert!(!found.is_ambiguous);
    }

    #[test]
    fn what_fits_nothing_is_left() {
        assert_eq!(assign(&[vec![None], vec![Some(1)]]).pairs, [None, Some(0)]);
        assert_eq!(assign(&[vec![]]).pairs, [None]);
        assert_eq!(assign(&[]).pairs, []);
    }

    #[test]
    fn two_ways_as_good_are_ambiguous() {
        let scores = vec![vec![Some(1), Some(1)]; 2];
        assert!(assign(&scores).is_ambiguous);
    }

    #[test]
    fn of_very_many_the_best_pairs_are_taken() {
        let scores: Vec<Vec<Option<u32>>> = (0..20u32)
            .map(|left| {
                (0..20u32)
                    .map(|right| Some(100 - left.abs_diff(right)))
                    .collect()
            })
            .collect();
        let found = assign(&scores);
        assert_eq!(found.pairs, (0..20).map(Some).collect::<Vec<_>>());
    }
}
