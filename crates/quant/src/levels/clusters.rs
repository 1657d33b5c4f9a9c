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

/// Agglomerative clustering: the two nearest clusters are joined until no two are within `distance`. Lowest first.
///
/// On a line only neighbours are ever nearest, which keeps this at the square of the number of prices at worst. What is not
/// a number is left out.
pub fn clusters(prices: &[f64], linkage: Linkage, distance: f64) -> Vec<Cluster> {
    let mut sorted: Vec<f64> = prices.iter().copied().filter(|price| price.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let mut groups: Vec<Group> = sorted.iter().map(|price| Group::of(*price)).collect();
    loop {
        let gaps = groups.windows(2).enumerate().filter_map(|(left, pair)| match pair {
            [one, other] => Some((left, one.gap(other, linkage))),
            _ => None,
        });
        let Some((left, gap)) = gaps.min_by(|one, other| one.1.total_cmp(&other.1)) else { break };
        if gap.is_nan() || gap > distance {
            break;
        }
        let joined = groups.remove(left + 1);
        if let Some(group) = groups.get_mut(left) {
            group.join(&joined);
        }
    }
    let mut rest = sorted.into_iter();
    groups.iter().filter_map(|group| Cluster::of(rest.by_ref().take(group.count).collect())).collect()
}

/// What has to be known of neighbouring prices to join them.
#[derive(Debug, Clone, Copy)]
struct Group {
    lowest: f64,
    highest: f64,
    sum: f64,
    count: usize,
}

impl Group {
    fn of(price: f64) -> Self {
        Self { lowest: price, highest: price, sum: price, count: 1 }
    }

    /// How far the group above is. As none of its prices is lower, the mean over all pairs is the distance of the means.
    fn gap(&self, above: &Self, linkage: Linkage) -> f64 {
        match linkage {
            Linkage::Single => above.lowest - self.highest,
            Linkage::Complete => above.highest - self.lowest,
            Linkage::Average => above.sum / above.count as f64 - self.sum / self.count as f64,
        }
    }

    fn join(&mut self, above: &Self) {
        self.highest = above.highest;
        self.sum += above.sum;
        self.count += above.count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(prices: &[f64], linkage: Linkage, distance: f64) -> Vec<Vec<f64>> {
        clusters(prices, linkage, distance).into_iter().map(|cluster| cluster.prices).collect()
    }

    #[test]
    fn a_chain_is_one_by_its_links_and_several_by_its_ends() {
        let prices = [5.0, 1.0, 2.0, 3.0];
        assert_eq!(groups(&prices, Linkage::Single, 1.0), [vec![1.0, 2.0, 3.0], vec![5.0]]);
        assert_eq!(groups(&prices, Linkage::Complete, 1.0), [vec![1.0, 2.0], vec![3.0], vec![5.0]]);
        assert_eq!(groups(&prices, Linkage::Average, 1.5), [vec![1.0, 2.0, 3.0], vec![5.0]]);
        assert_eq!(groups(&prices, Linkage::Single, f64::INFINITY).len(), 1);
        assert_eq!(groups(&prices, Linkage::Single, -1.0).len(), 4);
    }

    #[test]
    fn a_cluster_has_a_middle_and_a_mean() {
        let found = clusters(&[1.0, 1.5, 3.5, 1.0, f64::NAN], Linkage::Single, 5.0);
        assert_eq!(found.iter().map(|cluster| (cluster.median, cluster.mean)).collect::<Vec<_>>(), [(1.25, 1.75)]);
        assert!(clusters(&[], Linkage::Average, 1.0).is_empty());
    }
}
