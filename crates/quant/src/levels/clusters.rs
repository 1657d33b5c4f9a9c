//! Clusters of prices that lie near each other.

/// How far apart two clusters are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Linkage {
    /// As their two nearest prices.
    Single,
    /// As their two furthest prices.
    Complete,
    /// The mean over all pairs, one price from each.
    Average,
}

/// Prices that lie together.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// Its prices, lowest first. There is at least one.
    pub prices: Vec<f64>,
    /// The middle price, the mean of two in the middle.
    pub median: f64,
    /// The mean price.
    pub mean: f64,
}

impl Cluster {
    /// Of sorted prices; `None` for none.
    fn of(prices: Vec<f64>) -> Option<Self> {
        let middle = prices.len() / 2;
        let upper = *prices.get(middle)?;
        let median = if prices.len().is_multiple_of(2) {
            let lower = *prices.get(middle.checked_sub(1)?)?;
            f64::midpoint(lower, upper)
        } else {
            upper
        };
        let mean = prices.iter().sum::<f64>() / prices.len() as f64;
        Some(Self { prices, median, mean })
    }
}

/// No more prices than this are clustered: what is kept is a distance for each two of them.
pub const MOST_PRICES: usize = 2000;

/// Agglomerative clustering: the two nearest clusters are joined until no two are within `distance`. Lowest first.
///
/// The clusters of SciPy's `linkage` cut by `fcluster` with the criterion `distance`, to the rounding of its distances and
/// to its choice among equally near ones, which depends on the order of the prices. Prices come in cents, so that there
/// are such. `None` for more than [`MOST_PRICES`] prices or one that is no number.
pub fn clusters(prices: &[f64], linkage: Linkage, distance: f64) -> Option<Vec<Cluster>> {
    if prices.len() > MOST_PRICES || prices.iter().any(|price| !price.is_finite()) {
        return None;
    }
    let mut groups: Vec<Vec<f64>> = match linkage {
        Linkage::Single => chains(prices, distance),
        Linkage::Complete | Linkage::Average => joined(prices, linkage, distance),
    };
    groups.iter_mut().for_each(|group| group.sort_by(f64::total_cmp));
    let mut found: Vec<Cluster> = groups.into_iter().filter_map(Cluster::of).collect();
    // Clusters can share their ends at most.
    found.sort_by(|one, other| one.prices.partial_cmp(&other.prices).unwrap_or(std::cmp::Ordering::Equal));
    Some(found)
}

/// By single linkage a cluster ends where the next price is too far away.
fn chains(prices: &[f64], distance: f64) -> Vec<Vec<f64>> {
    let mut sorted = prices.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.chunk_by(|one, next| next - one <= distance).map(<[f64]>::to_vec).collect()
}

/// By the chain of nearest neighbours (Murtagh 1983): from any cluster to its nearest, to that one's nearest and so on, until
/// two are each other's nearest; these are joined. The joins are those of always joining the two nearest of all.
fn joined(prices: &[f64], linkage: Linkage, distance: f64) -> Vec<Vec<f64>> {
    let mut distances = Distances::of(prices);
    let mut sizes = vec![1_usize; prices.len()];
    // To which other place a place went with a join within `distance`.
    let mut goes: Vec<usize> = (0..prices.len()).collect();
    let mut chain: Vec<usize> = Vec::new();
    for _ in 1..prices.len() {
        if chain.is_empty() {
            chain.extend(sizes.iter().position(|size| *size > 0));
        }
        let Some((one, other, apart)) = nearest_pair(&mut chain, &sizes, &distances) else { break };
        // The later place stands for both from now on.
        let (gone, kept) = (one.min(other), one.max(other));
        let (from_gone, from_kept) = (size(&sizes, gone), size(&sizes, kept));
        set(&mut sizes, gone, 0);
        set(&mut sizes, kept, from_gone + from_kept);
        if apart <= distance {
            set(&mut goes, gone, kept);
        }
        for place in 0..prices.len() {
            if size(&sizes, place) == 0 || place == kept {
                continue;
            }
            let (to_gone, to_kept) = (distances.between(place, gone), distances.between(place, kept));
            let (gone_weight, kept_weight) = (from_gone as f64, from_kept as f64);
            let mean = (gone_weight * to_gone + kept_weight * to_kept) / (gone_weight + kept_weight);
            distances.set(place, kept, if linkage == Linkage::Average { mean } else { to_gone.max(to_kept) });
        }
    }
    let mut groups: Vec<Vec<f64>> = vec![Vec::new(); prices.len()];
    for (place, price) in prices.iter().enumerate() {
        let mut end = place;
        // A place goes only to later ones.
        while let Some(next) = goes.get(end).filter(|next| **next > end) {
            end = *next;
        }
        if let Some(group) = groups.get_mut(end) {
            group.push(*price);
        }
    }
    groups.retain(|group| !group.is_empty());
    groups
}

/// Follows the chain to two clusters that are each other's nearest, takes them off it, and says how far apart they are.
fn nearest_pair(chain: &mut Vec<usize>, sizes: &[usize], distances: &Distances) -> Option<(usize, usize, f64)> {
    loop {
        let last = *chain.last()?;
        // Of equally near ones the one that the chain came from, or it would not end.
        let before = chain.len().checked_sub(2).and_then(|place| chain.get(place)).copied();
        let mut best = before.map(|before| (before, distances.between(last, before)));
        for (place, size) in sizes.iter().enumerate() {
            if *size == 0 || place == last {
                continue;
            }
            let apart = distances.between(last, place);
            if best.is_none_or(|(_, least)| apart < least) {
                best = Some((place, apart));
            }
        }
        let (nearest, apart) = best?;
        if before == Some(nearest) {
            chain.truncate(chain.len() - 2);
            return Some((last, nearest, apart));
        }
        chain.push(nearest);
    }
}

fn size(sizes: &[usize], place: usize) -> usize {
    sizes.get(place).copied().unwrap_or(0)
}

fn set(values: &mut [usize], place: usize, value: usize) {
    if let Some(there) = values.get_mut(place) {
        *there = value;
    }
}

/// The distance of each two of some places.
struct Distances {
    /// Row by row, each with the places before its own.
    rows: Vec<Vec<f64>>,
}

impl Distances {
    fn of(prices: &[f64]) -> Self {
        let row =
            |(place, price): (usize, &f64)| prices.iter().take(place).map(|other| (price - other).abs()).collect();
        Self { rows: prices.iter().enumerate().map(row).collect() }
    }

    fn between(&self, one: usize, other: usize) -> f64 {
        let row = self.rows.get(one.max(other));
        row.and_then(|row| row.get(one.min(other))).copied().unwrap_or(f64::INFINITY)
    }

    fn set(&mut self, one: usize, other: usize, distance: f64) {
        let row = self.rows.get_mut(one.max(other));
        if let Some(there) = row.and_then(|row| row.get_mut(one.min(other))) {
            *there = distance;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(prices: &[f64], linkage: Linkage, distance: f64) -> Vec<Vec<f64>> {
        clusters(prices, linkage, distance).unwrap().into_iter().map(|cluster| cluster.prices).collect()
    }

    #[test]
    fn a_chain_is_one_by_its_links_and_several_by_its_ends() {
        let prices = [5.0, 1.0, 2.0, 3.0];
        assert_eq!(groups(&prices, Linkage::Single, 1.0), [vec![1.0, 2.0, 3.0], vec![5.0]]);
        // Of the equally near neighbours of 2 the one that the chain from the first price came by.
        assert_eq!(groups(&prices, Linkage::Complete, 1.0), [vec![1.0], vec![2.0, 3.0], vec![5.0]]);
        assert_eq!(groups(&prices, Linkage::Average, 1.5), [vec![1.0, 2.0, 3.0], vec![5.0]]);
        assert_eq!(groups(&prices, Linkage::Single, f64::INFINITY).len(), 1);
        assert_eq!(groups(&prices, Linkage::Single, -1.0).len(), 4);
    }

    #[test]
    fn a_cluster_has_a_middle_and_a_mean() {
        let found = clusters(&[1.0, 1.5, 3.5, 1.0], Linkage::Single, 5.0).unwrap();
        assert_eq!(found.iter().map(|cluster| (cluster.median, cluster.mean)).collect::<Vec<_>>(), [(1.25, 1.75)]);
    }

    #[test]
    fn what_cannot_be_clustered_has_none() {
        for linkage in [Linkage::Single, Linkage::Complete, Linkage::Average] {
            assert_eq!(clusters(&[], linkage, 1.0), Some(vec![]));
            assert_eq!(clusters(&[1.0, f64::NAN], linkage, 1.0), None);
            assert_eq!(clusters(&vec![1.0; MOST_PRICES + 1], linkage, 1.0), None);
            assert_eq!(clusters(&[1.0, 1.0, 2.0], linkage, f64::NAN).map(|found| found.len()), Some(3));
            assert_eq!(clusters(&[2.0, 1.0, 1.0], linkage, 0.0).map(|found| found.len()), Some(2));
        }
    }
}
