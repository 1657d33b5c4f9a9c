//! What a summary is, and what it may not be.

pub use contract::analysis::Summary;

/// How a sentence begins that tells the reader what to do.
const ORDERS: [&str; 14] = [
    "sell ",
    "buy ",
    "close ",
    "roll ",
    "open ",
    "avoid ",
    "consider ",
    "wait ",
    "hold ",
    "take ",
    "reduce ",
    "hedge ",
    "do ",
    "don't ",
];
/// What makes advice of a sentence wherever it stands.
const URGES: [&str; 6] = ["you should", "you must", "you need to", "we recommend", "i recommend", "is recommended"];

/// Whether a sentence of a summary tells the reader what to do. A safety net for tests of rules, not a judge of style.
pub fn is_advice(summary: &Summary) -> bool {
    let Summary { headline, case_for, case_against, would_change } = summary;
    let mut lines = core::iter::once(headline).chain(case_for).chain(case_against).chain(would_change);
    lines.any(|line| {
        let line = line.to_lowercase();
        let begins = line.split_inclusive(['.', ';']).any(|part| {
            let part = part.trim_start();
            ORDERS.iter().any(|order| part.starts_with(order))
        });
        begins || URGES.iter().any(|urge| line.contains(urge))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_told_from_facts() {
        for (line, expected) in [
            ("Sell the 170 put.", true),
            ("IV rank is 62. Sell premium.", true),
            ("With this trend you should wait.", true),
            ("The put was sold at 2.10.", false),
            ("Sellers collect 2.10 per share.", false),
            ("A close under 168 would break the support.", false),
        ] {
            let summary = Summary { headline: String::new(), case_for: vec![line.to_owned()], ..Summary::default() };
            assert_eq!(is_advice(&summary), expected, "{line}");
        }
    }
}
