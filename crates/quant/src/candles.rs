//! Candle patterns: shapes of one to five bars that have names.
//!
//! TA-Lib decides what is one, with its default settings (what counts as long, short or near is measured on the bars before).
//! A pattern is a description, not a forecast: published tests find little that survives costs, and none of these looks at the
//! trend that its reading presumes.

use ta_lib::{Core, OutRange, RetCode};

use crate::Bars;
use Kind::{Continuation, Indecision, Reversal, Strength};

/// What a pattern is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// That a move may end.
    Reversal,
    /// That a move may go on.
    Continuation,
    /// That neither side won. Its sign says nothing about direction.
    Indecision,
    /// That one side had the whole bar.
    Strength,
}

type Find = fn(&Core, usize, [&[f64]; 4], &mut [i32]) -> Result<OutRange, RetCode>;

/// A pattern that is looked for.
#[derive(Debug)]
pub struct Pattern {
    /// TA-Lib's name.
    pub code: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// How many bars form it.
    pub bars: usize,
    /// What it is read as.
    pub kind: Kind,
    find: Find,
}

/// Where a pattern ends.
#[derive(Debug, Clone, Copy)]
pub struct Hit {
    /// The last bar of the pattern, counted from 0.
    pub bar: usize,
    /// Which.
    pub pattern: &'static Pattern,
    /// Its sign is the direction in which the pattern is read. 100 as a rule, 80 where an edge is only touched, 200 where a later
    /// bar confirms.
    pub value: i32,
}

/// All 61 patterns.
pub fn patterns() -> impl Iterator<Item = &'static Pattern> {
    COMMON.iter().chain(&RARE)
}

/// All patterns that end at bar `from` or later, bar by bar, and at one bar by name.
pub fn find(bars: &Bars, from: usize) -> Vec<Hit> {
    search(patterns(), bars, from)
}

/// The same of those patterns that are in most textbooks. A program that asks for these alone holds nothing of the others,
/// each of which is several kilobytes.
pub fn find_common(bars: &Bars, from: usize) -> Vec<Hit> {
    search(COMMON.iter(), bars, from)
}

fn search(patterns: impl Iterator<Item = &'static Pattern>, bars: &Bars, from: usize) -> Vec<Hit> {
    let Some(last) = bars.len().checked_sub(1) else {
        return Vec::new();
    };
    let core = Core::new();
    let columns = [bars.open(), bars.high(), bars.low(), bars.close()];
    let mut out = vec![0; bars.len()];
    let mut hits = Vec::new();
    for pattern in patterns {
        // The only errors are of parameters, of which there are none, and of series beyond a hundred million bars.
        let Ok(range) = (pattern.find)(&core, last, columns, &mut out) else {
            continue;
        };
        let values = (range.beg_idx..).zip(out.iter().take(range.count));
        let found = values.filter(|(bar, value)| *bar >= from && **value != 0);
        hits.extend(found.map(|(bar, value)| Hit { bar, pattern, value: *value }));
    }
    hits.sort_by_key(|hit| (hit.bar, hit.pattern.code));
    hits
}

/// What is in most textbooks.
#[rustfmt::skip]
static COMMON: [Pattern; 18] = [
    Pattern { code: "CDL3BLACKCROWS", name: "three black crows", bars: 4, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdl3blackcrows(0, n, o, h, l, c, out) },
    Pattern { code: "CDL3INSIDE", name: "three inside", bars: 3, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdl3inside(0, n, o, h, l, c, out) },
    Pattern { code: "CDL3OUTSIDE", name: "three outside", bars: 3, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdl3outside(0, n, o, h, l, c, out) },
    Pattern { code: "CDL3WHITESOLDIERS", name: "three advancing white soldiers", bars: 3, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdl3whitesoldiers(0, n, o, h, l, c, out) },
    Pattern { code: "CDLDARKCLOUDCOVER", name: "dark cloud cover", bars: 2, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdldarkcloudcover(0, n, o, h, l, c, Core::REAL_DEFAULT, out) },
    Pattern { code: "CDLDOJI", name: "doji", bars: 1, kind: Indecision, find: |k, n, [o, h, l, c], out| k.cdldoji(0, n, o, h, l, c, out) },
    Pattern { code: "CDLDRAGONFLYDOJI", name: "dragonfly doji", bars: 1, kind: Indecision, find: |k, n, [o, h, l, c], out| k.cdldragonflydoji(0, n, o, h, l, c, out) },
    Pattern { code: "CDLENGULFING", name: "engulfing", bars: 2, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdlengulfing(0, n, o, h, l, c, out) },
    Pattern { code: "CDLEVENINGSTAR", name: "evening star", bars: 3, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdleveningstar(0, n, o, h, l, c, Core::REAL_DEFAULT, out) },
    Pattern { code: "CDLGRAVESTONEDOJI", name: "gravestone doji", bars: 1, kind: Indecision, find: |k, n, [o, h, l, c], out| k.cdlgravestonedoji(0, n, o, h, l, c, out) },
    Pattern { code: "CDLHAMMER", name: "hammer", bars: 1, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdlhammer(0, n, o, h, l, c, out) },
    Pattern { code: "CDLHANGINGMAN", name: "hanging man", bars: 1, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdlhangingman(0, n, o, h, l, c, out) },
    Pattern { code: "CDLHARAMI", name: "harami", bars: 2, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdlharami(0, n, o, h, l, c, out) },
    Pattern { code: "CDLINVERTEDHAMMER", name: "inverted hammer", bars: 1, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdlinvertedhammer(0, n, o, h, l, c, out) },
    Pattern { code: "CDLMARUBOZU", name: "marubozu", bars: 1, kind: Strength, find: |k, n, [o, h, l, c], out| k.cdlmarubozu(0, n, o, h, l, c, out) },
    Pattern { code: "CDLMORNINGSTAR", name: "morning star", bars: 3, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdlmorningstar(0, n, o, h, l, c, Core::REAL_DEFAULT, out) },
    Pattern { code: "CDLPIERCING", name: "piercing line", bars: 2, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdlpiercing(0, n, o, h, l, c, out) },
    Pattern { code: "CDLSHOOTINGSTAR", name: "shooting star", bars: 1, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdlshootingstar(0, n, o, h, l, c, out) },
];

/// The others.
#[rustfmt::skip]
static RARE: [Pattern; 43] = [
    Pattern { code: "CDL2CROWS", name: "two crows", bars: 3, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdl2crows(0, n, o, h, l, c, out) },
    Pattern { code: "CDL3LINESTRIKE", name: "three-line strike", bars: 4, kind: Continuation, find: |k, n, [o, h, l, c], out| k.cdl3linestrike(0, n, o, h, l, c, out) },
    Pattern { code: "CDL3STARSINSOUTH", name: "three stars in the south", bars: 3, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdl3starsinsouth(0, n, o, h, l, c, out) },
    Pattern { code: "CDLABANDONEDBABY", name: "abandoned baby", bars: 3, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdlabandonedbaby(0, n, o, h, l, c, Core::REAL_DEFAULT, out) },
    Pattern { code: "CDLADVANCEBLOCK", name: "advance block", bars: 3, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdladvanceblock(0, n, o, h, l, c, out) },
    Pattern { code: "CDLBELTHOLD", name: "belt hold", bars: 1, kind: Strength, find: |k, n, [o, h, l, c], out| k.cdlbelthold(0, n, o, h, l, c, out) },
    Pattern { code: "CDLBREAKAWAY", name: "breakaway", bars: 5, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdlbreakaway(0, n, o, h, l, c, out) },
    Pattern { code: "CDLCLOSINGMARUBOZU", name: "closing marubozu", bars: 1, kind: Strength, find: |k, n, [o, h, l, c], out| k.cdlclosingmarubozu(0, n, o, h, l, c, out) },
    Pattern { code: "CDLCONCEALBABYSWALL", name: "concealing baby swallow", bars: 4, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdlconcealbabyswall(0, n, o, h, l, c, out) },
    Pattern { code: "CDLCOUNTERATTACK", name: "counterattack", bars: 2, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdlcounterattack(0, n, o, h, l, c, out) },
    Pattern { code: "CDLDOJISTAR", name: "doji star", bars: 2, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdldojistar(0, n, o, h, l, c, out) },
    Pattern { code: "CDLEVENINGDOJISTAR", name: "evening doji star", bars: 3, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdleveningdojistar(0, n, o, h, l, c, Core::REAL_DEFAULT, out) },
    Pattern { code: "CDLGAPSIDESIDEWHITE", name: "gap with side-by-side white lines", bars: 3, kind: Continuation, find: |k, n, [o, h, l, c], out| k.cdlgapsidesidewhite(0, n, o, h, l, c, out) },
    Pattern { code: "CDLHARAMICROSS", name: "harami cross", bars: 2, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdlharamicross(0, n, o, h, l, c, out) },
    Pattern { code: "CDLHIGHWAVE", name: "high wave", bars: 1, kind: Indecision, find: |k, n, [o, h, l, c], out| k.cdlhighwave(0, n, o, h, l, c, out) },
    Pattern { code: "CDLHIKKAKE", name: "hikkake", bars: 3, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdlhikkake(0, n, o, h, l, c, out) },
    Pattern { code: "CDLHIKKAKEMOD", name: "modified hikkake", bars: 4, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdlhikkakemod(0, n, o, h, l, c, out) },
    Pattern { code: "CDLHOMINGPIGEON", name: "homing pigeon", bars: 2, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdlhomingpigeon(0, n, o, h, l, c, out) },
    Pattern { code: "CDLIDENTICAL3CROWS", name: "identical three crows", bars: 3, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdlidentical3crows(0, n, o, h, l, c, out) },
    Pattern { code: "CDLINNECK", name: "in-neck", bars: 2, kind: Continuation, find: |k, n, [o, h, l, c], out| k.cdlinneck(0, n, o, h, l, c, out) },
    Pattern { code: "CDLKICKING", name: "kicking", bars: 2, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdlkicking(0, n, o, h, l, c, out) },
    Pattern { code: "CDLKICKINGBYLENGTH", name: "kicking, judged by the longer marubozu", bars: 2, kind: Strength, find: |k, n, [o, h, l, c], out| k.cdlkickingbylength(0, n, o, h, l, c, out) },
    Pattern { code: "CDLLADDERBOTTOM", name: "ladder bottom", bars: 5, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdlladderbottom(0, n, o, h, l, c, out) },
    Pattern { code: "CDLLONGLEGGEDDOJI", name: "long-legged doji", bars: 1, kind: Indecision, find: |k, n, [o, h, l, c], out| k.cdllongleggeddoji(0, n, o, h, l, c, out) },
    Pattern { code: "CDLLONGLINE", name: "long line", bars: 1, kind: Strength, find: |k, n, [o, h, l, c], out| k.cdllongline(0, n, o, h, l, c, out) },
    Pattern { code: "CDLMATCHINGLOW", name: "matching low", bars: 2, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdlmatchinglow(0, n, o, h, l, c, out) },
    Pattern { code: "CDLMATHOLD", name: "mat hold", bars: 5, kind: Continuation, find: |k, n, [o, h, l, c], out| k.cdlmathold(0, n, o, h, l, c, Core::REAL_DEFAULT, out) },
    Pattern { code: "CDLMORNINGDOJISTAR", name: "morning doji star", bars: 3, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdlmorningdojistar(0, n, o, h, l, c, Core::REAL_DEFAULT, out) },
    Pattern { code: "CDLONNECK", name: "on-neck", bars: 2, kind: Continuation, find: |k, n, [o, h, l, c], out| k.cdlonneck(0, n, o, h, l, c, out) },
    Pattern { code: "CDLRICKSHAWMAN", name: "rickshaw man", bars: 1, kind: Indecision, find: |k, n, [o, h, l, c], out| k.cdlrickshawman(0, n, o, h, l, c, out) },
    Pattern { code: "CDLRISEFALL3METHODS", name: "rising or falling three methods", bars: 5, kind: Continuation, find: |k, n, [o, h, l, c], out| k.cdlrisefall3methods(0, n, o, h, l, c, out) },
    Pattern { code: "CDLSEPARATINGLINES", name: "separating lines", bars: 2, kind: Continuation, find: |k, n, [o, h, l, c], out| k.cdlseparatinglines(0, n, o, h, l, c, out) },
    Pattern { code: "CDLSHORTLINE", name: "short line", bars: 1, kind: Indecision, find: |k, n, [o, h, l, c], out| k.cdlshortline(0, n, o, h, l, c, out) },
    Pattern { code: "CDLSPINNINGTOP", name: "spinning top", bars: 1, kind: Indecision, find: |k, n, [o, h, l, c], out| k.cdlspinningtop(0, n, o, h, l, c, out) },
    Pattern { code: "CDLSTALLEDPATTERN", name: "stalled pattern", bars: 3, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdlstalledpattern(0, n, o, h, l, c, out) },
    Pattern { code: "CDLSTICKSANDWICH", name: "stick sandwich", bars: 3, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdlsticksandwich(0, n, o, h, l, c, out) },
    Pattern { code: "CDLTAKURI", name: "takuri", bars: 1, kind: Indecision, find: |k, n, [o, h, l, c], out| k.cdltakuri(0, n, o, h, l, c, out) },
    Pattern { code: "CDLTASUKIGAP", name: "tasuki gap", bars: 3, kind: Continuation, find: |k, n, [o, h, l, c], out| k.cdltasukigap(0, n, o, h, l, c, out) },
    Pattern { code: "CDLTHRUSTING", name: "thrusting", bars: 2, kind: Continuation, find: |k, n, [o, h, l, c], out| k.cdlthrusting(0, n, o, h, l, c, out) },
    Pattern { code: "CDLTRISTAR", name: "tristar", bars: 3, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdltristar(0, n, o, h, l, c, out) },
    Pattern { code: "CDLUNIQUE3RIVER", name: "unique three river bottom", bars: 3, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdlunique3river(0, n, o, h, l, c, out) },
    Pattern { code: "CDLUPSIDEGAP2CROWS", name: "upside gap two crows", bars: 3, kind: Reversal, find: |k, n, [o, h, l, c], out| k.cdlupsidegap2crows(0, n, o, h, l, c, out) },
    Pattern { code: "CDLXSIDEGAP3METHODS", name: "gap three methods", bars: 3, kind: Continuation, find: |k, n, [o, h, l, c], out| k.cdlxsidegap3methods(0, n, o, h, l, c, out) },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn bars(rows: &[[f64; 4]]) -> Bars {
        let column = |at: usize| rows.iter().map(|row| row[at]).collect::<Vec<_>>();
        Bars::new(column(0), column(1), column(2), column(3), vec![1000.0; rows.len()]).unwrap()
    }

    /// Bars that go down by 1, each with a body of 1 and shadows of a quarter.
    fn falling(count: usize) -> Vec<[f64; 4]> {
        (0..count).map(|bar| 100.0 - bar as f64).map(|open| [open, open + 0.25, open - 1.25, open - 1.0]).collect()
    }

    fn names_at(rows: &[[f64; 4]], bar: usize) -> Vec<(&'static str, i32)> {
        find(&bars(rows), bar).iter().filter(|hit| hit.bar == bar).map(|hit| (hit.pattern.name, hit.value)).collect()
    }

    #[test]
    fn shapes_by_their_names() {
        let mut engulfing = falling(20);
        engulfing.push([79.5, 83.0, 79.25, 82.5]);
        assert!(names_at(&engulfing, 20).contains(&("engulfing", 100)), "{:?}", names_at(&engulfing, 20));

        let mut hammer = falling(20);
        hammer.push([79.7, 79.85, 77.0, 79.8]);
        assert!(names_at(&hammer, 20).contains(&("hammer", 100)), "{:?}", names_at(&hammer, 20));

        let mut doji = falling(20);
        doji.push([80.0, 81.0, 79.0, 80.0]);
        let found = find(&bars(&doji), 20);
        assert!(found.iter().any(|hit| hit.pattern.name == "doji" && hit.pattern.kind == Kind::Indecision));
    }

    #[test]
    fn each_pattern_is_there_once_and_none_in_few_or_flat_bars() {
        let codes: std::collections::BTreeSet<_> = patterns().map(|pattern| pattern.code).collect();
        assert_eq!(codes.len(), 61);
        assert!(find(&bars(&[]), 0).is_empty());
        assert!(find(&bars(&[[1.0; 4]]), 0).is_empty());
        let flat = bars(&[[50.0; 4]; 60]);
        assert!(find(&flat, 0).iter().all(|hit| hit.pattern.kind != Kind::Strength), "nobody won a bar without range");
    }

    #[test]
    fn the_common_ones_are_some_of_all() {
        let mut rows = falling(20);
        rows.push([79.5, 83.0, 79.25, 82.5]);
        let told = |hits: Vec<Hit>| hits.iter().map(|hit| (hit.bar, hit.pattern.code)).collect::<Vec<_>>();
        let (all, common) = (told(find(&bars(&rows), 0)), told(find_common(&bars(&rows), 0)));
        assert!(common.contains(&(20, "CDLENGULFING")) && common.iter().all(|hit| all.contains(hit)));
    }

    #[test]
    fn a_later_start_gives_the_same_hits_from_there_on() {
        let mut rows = falling(20);
        rows.push([79.5, 83.0, 79.25, 82.5]);
        rows.push([82.5, 84.0, 82.0, 83.75]);
        let all = find(&bars(&rows), 0);
        let late = find(&bars(&rows), 20);
        let expected: Vec<_> = all.iter().filter(|hit| hit.bar >= 20).map(|hit| (hit.bar, hit.pattern.code)).collect();
        assert_eq!(late.iter().map(|hit| (hit.bar, hit.pattern.code)).collect::<Vec<_>>(), expected);
        assert!(!expected.is_empty());
    }
}
