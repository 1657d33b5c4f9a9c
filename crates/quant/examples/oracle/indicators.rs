//! Indicators and candle patterns against TA-Lib in C and pandas-ta-classic, on the bars of `ta_series.csv`.

use chrono::NaiveDate;
use quant::Bars;
use quant::candles;
use quant::indicators::range::{Squeeze, squeeze};
use quant::indicators::vwap::{Anchor, anchored};
use quant::indicators::{InvalidParameter, Series, averages, momentum, movement, range, volume, windows};
use serde_json::Value;

use crate::Compare;
use crate::check::{Bound, Check};
use crate::folder::{Folder, Table};

const INPUT: &str = "ta_series.csv";

pub(crate) fn files() -> Vec<(&'static str, Compare)> {
    vec![
        (INPUT, input),
        ("ta_talib.csv", talib),
        ("ta_talib_edge.json", edge),
        ("ta_talib_candles.json", patterns),
        ("ta_pandas_ta_classic.csv", pandas),
    ]
}

/// The bars and their dates.
struct Inputs {
    bars: Bars,
    dates: Vec<NaiveDate>,
}

fn inputs(folder: &Folder) -> Result<Inputs, String> {
    let table = folder.table(INPUT)?;
    if let Some(unknown) =
        table.names().find(|name| !["i", "date", "open", "high", "low", "close", "volume"].contains(name))
    {
        return Err(format!("{INPUT}: nothing here knows the column {unknown}"));
    }
    let column = |name| table.numbers(name).map_err(|error| format!("{INPUT}: {error}"));
    let bars = Bars::new(column("open")?, column("high")?, column("low")?, column("close")?, column("volume")?)
        .map_err(|error| format!("{INPUT}: {error}"))?;
    let dates: Result<Vec<NaiveDate>, String> = table
        .text("date")?
        .iter()
        .map(|date| date.parse().map_err(|_| format!("{INPUT}: \"{date}\" is no date")))
        .collect();
    Ok(Inputs { bars, dates: dates? })
}

/// The inputs of the other files. What is checked is that they are bars, with dates that rise.
fn input(folder: &Folder) -> Result<Vec<Check>, String> {
    let Inputs { bars, dates } = inputs(folder)?;
    let mut check = Check::new("bars, in the order of their dates", Bound::Most(0.0));
    if !bars.is_empty() {
        check.row(0, 0.0);
    }
    for (row, pair) in dates.windows(2).enumerate() {
        check.row(row + 1, if pair[0] < pair[1] { 0.0 } else { f64::INFINITY });
    }
    Ok(vec![check])
}

/// A column's name, taken apart: the word that says which indicator, and its parameters.
struct Column<'a> {
    words: Vec<&'a str>,
    numbers: Vec<&'a str>,
}

impl<'a> Column<'a> {
    fn parse(name: &'a str) -> Self {
        let (numbers, words) = name.split('_').partition(|part| part.starts_with(|first: char| first.is_ascii_digit()));
        Self { words, numbers }
    }

    /// The indicator, as the words before, between and after the parameters.
    fn word(&self) -> String {
        self.words.join("_")
    }

    /// The parameters as whole numbers; what is not named has its default.
    fn periods<const N: usize>(&self, defaults: [usize; N]) -> Result<[usize; N], String> {
        self.parameters(defaults)
    }

    fn factors<const N: usize>(&self, defaults: [f64; N]) -> Result<[f64; N], String> {
        self.parameters(defaults)
    }

    /// Exactly one period.
    fn period(&self) -> Result<usize, String> {
        match self.numbers.as_slice() {
            [period] => period.parse().map_err(|_| format!("{period} is no number of bars")),
            _ => Err("its name has to end in one period".to_owned()),
        }
    }

    fn parameters<T: std::str::FromStr, const N: usize>(&self, mut values: [T; N]) -> Result<[T; N], String> {
        if !self.numbers.is_empty() && self.numbers.len() != N {
            return Err(format!("its name has {} parameters, not {N}", self.numbers.len()));
        }
        for (value, text) in values.iter_mut().zip(&self.numbers) {
            *value = text.parse().map_err(|_| format!("{text} is no such parameter"))?;
        }
        Ok(values)
    }
}

fn refused(error: InvalidParameter) -> String {
    error.to_string()
}

/// What TA-Lib has, by the names of its columns. Prices are closes where one price is taken, but the lowest is of lows and the
/// highest of highs.
fn of_talib(bars: &Bars, name: &str) -> Result<Series, String> {
    let column = Column::parse(name);
    let close = bars.close();
    let series = match column.word().as_str() {
        "sma" => averages::sma(close, column.period()?),
        "ema" => averages::ema(close, column.period()?),
        "wma" => averages::wma(close, column.period()?),
        "dema" => averages::dema(close, column.period()?),
        "tema" => averages::tema(close, column.period()?),
        "kama" => averages::kama(close, column.period()?),
        "rsi" => momentum::rsi(close, column.period()?),
        word @ ("macd" | "macd_signal" | "macd_hist") => {
            let [fast, slow, signal] = column.periods([12, 26, 9])?;
            momentum::macd(close, fast, slow, signal).map(|found| match word {
                "macd" => found.line,
                "macd_signal" => found.signal,
                _ => found.histogram,
            })
        }
        word @ ("bb_upper" | "bb_mid" | "bb_lower") => {
            let [period, width] = column.factors([20.0, 2.0])?;
            range::bollinger(close, period as usize, width).map(|bands| match word {
                "bb_upper" => bands.upper,
                "bb_mid" => bands.middle,
                _ => bands.lower,
            })
        }
        "stddev" => range::deviation(close, column.period()?),
        "trange" => Ok(range::true_range(bars)),
        "atr" => range::atr(bars, column.period()?),
        "natr" => range::normalized_atr(bars, column.period()?),
        "plus_dm" => movement::directional_movement(bars, column.period()?).map(|found| found.plus),
        "minus_dm" => movement::directional_movement(bars, column.period()?).map(|found| found.minus),
        "plus_di" => movement::directional_index(bars, column.period()?).map(|found| found.plus),
        "minus_di" => movement::directional_index(bars, column.period()?).map(|found| found.minus),
        "dx" => movement::dx(bars, column.period()?),
        "adx" => movement::adx(bars, column.period()?),
        "adxr" => movement::adxr(bars, column.period()?),
        word @ ("stoch_k" | "stoch_d") => {
            let [period, smooth, d] = column.periods([5, 3, 3])?;
            momentum::stochastic(bars, period, smooth, d).map(|found| if word == "stoch_k" { found.k } else { found.d })
        }
        word @ ("stochf_k" | "stochf_d") => {
            let [period, d] = column.periods([5, 3])?;
            momentum::fast_stochastic(bars, period, d).map(|found| if word == "stochf_k" { found.k } else { found.d })
        }
        word @ ("stochrsi_k" | "stochrsi_d") => {
            let period = column.period()?;
            momentum::stochastic_rsi(close, period, period, 3)
                .map(|found| if word == "stochrsi_k" { found.k } else { found.d })
        }
        "willr" => momentum::williams_r(bars, column.period()?),
        "cci" => momentum::cci(bars, column.period()?),
        "mfi" => volume::money_flow_index(bars, column.period()?),
        "roc" => momentum::rate_of_change(close, column.period()?),
        "mom" => momentum::momentum(close, column.period()?),
        "aroon_down" => movement::aroon(bars, column.period()?).map(|found| found.down),
        "aroon_up" => movement::aroon(bars, column.period()?).map(|found| found.up),
        "sar" => {
            let [step, limit] = column.factors([0.02, 0.2])?;
            movement::parabolic_sar(bars, step, limit)
        }
        "obv" => Ok(volume::on_balance(bars)),
        "ad" => Ok(volume::accumulation(bars)),
        "adosc" => {
            let [fast, slow] = column.periods([3, 10])?;
            volume::chaikin_oscillator(bars, fast, slow)
        }
        "linreg" => movement::regression(close, column.period()?),
        "linreg_slope" => movement::regression_slope(close, column.period()?),
        "min" => windows::lowest(bars.low(), column.period()?),
        "max" => windows::highest(bars.high(), column.period()?),
        _ => return Err("no comparison knows this column".to_owned()),
    };
    series.map_err(refused)
}

/// What pandas-ta-classic has, by the names of its columns.
fn of_pandas(inputs: &Inputs, name: &str) -> Result<Series, String> {
    let Inputs { bars, dates } = inputs;
    let column = Column::parse(name);
    let series = match column.word().as_str() {
        "VWAP_D" => anchored(bars, dates, Anchor::Day),
        "VWAP_W" => anchored(bars, dates, Anchor::Week),
        "VWAP_M" => anchored(bars, dates, Anchor::Month),
        "VWMA" => averages::vwma(bars, column.period()?),
        "HMA" => averages::hma(bars.close(), column.period()?),
        "CMF" => volume::chaikin_money_flow(bars, column.period()?),
        word @ ("SUPERT" | "SUPERTd" | "SUPERTl" | "SUPERTs") => {
            let [period, multiple] = column.factors([7.0, 3.0])?;
            return supertrend(bars, word, period as usize, multiple);
        }
        word @ ("KCLe" | "KCBe" | "KCUe" | "KCLs" | "KCBs" | "KCUs") => {
            let [period, width] = column.factors([20.0, 2.0])?;
            let channel = if word.ends_with('e') { range::keltner } else { range::simple_keltner };
            channel(bars, period as usize, width).map(|bands| band(bands, word.as_bytes()[2]))
        }
        word @ ("DCL" | "DCM" | "DCU") => {
            let [lower, upper] = column.periods([20, 20])?;
            range::donchian(bars, lower, upper).map(|bands| band(bands, word.as_bytes()[2]))
        }
        word @ ("ISA" | "ISB" | "ITS" | "IKS" | "ICS") => {
            // A name has one of the three periods only; the others are the usual ones. It is not the longest one in any.
            let [period] = column.periods([0])?;
            let (short, middle) = if matches!(word, "ISA" | "ITS") { (period, 26) } else { (9, period) };
            movement::ichimoku(bars, short, middle, 52).map(|found| match word {
                "ISA" => found.span_a,
                "ISB" => found.span_b,
                "ITS" => found.conversion,
                "IKS" => found.base,
                _ => found.lagging,
            })
        }
        "SQZ" => {
            column.factors([20.0, 2.0, 20.0, 1.5])?;
            momentum::smoothed_momentum(bars.close(), 12, 6)
        }
        _ => return Err("no comparison knows this column".to_owned()),
    };
    series.map_err(refused)
}

fn band(bands: range::Bands, which: u8) -> Series {
    match which {
        b'L' => bands.lower,
        b'U' => bands.upper,
        _ => bands.middle,
    }
}

/// The reference starts its line with a 0 at the first bar and its direction with 1 throughout the warm-up; here neither is
/// there before the ATR is.
fn supertrend(bars: &Bars, word: &str, period: usize, multiple: f64) -> Result<Series, String> {
    let found = movement::supertrend(bars, period, multiple).map_err(refused)?;
    let side = |wanted: f64| -> Series {
        let rows = found.line.iter().zip(&found.direction);
        rows.map(|(line, direction)| line.filter(|_| *direction == Some(wanted))).collect()
    };
    Ok(match word {
        "SUPERT" => {
            let mut line = found.line;
            if let Some(first @ None) = line.first_mut() {
                *first = Some(0.0);
            }
            line
        }
        "SUPERTd" => found.direction.into_iter().map(|direction| direction.or(Some(1.0))).collect(),
        "SUPERTl" => side(1.0),
        _ => side(-1.0),
    })
}

/// The three flags of the squeeze as 0 and 1. The reference counts the warm-up, of which nothing is known, as neither.
fn squeeze_flags(table: &Table, bars: &Bars, name: &str) -> Result<Series, String> {
    let parameters = table.names().find(|name| name.starts_with("SQZ_") && Column::parse(name).word() == "SQZ");
    let [n, width, channel, channel_width] =
        parameters.map_or(Ok([20.0, 2.0, 20.0, 1.5]), |name| Column::parse(name).factors([20.0, 2.0, 20.0, 1.5]))?;
    let states = squeeze(bars, n as usize, width, channel as usize, channel_width).map_err(refused)?;
    let wanted = match name {
        "SQZ_ON" => Squeeze::On,
        "SQZ_OFF" => Squeeze::Off,
        _ => Squeeze::Neither,
    };
    Ok(states.into_iter().map(|state| Some(f64::from(u8::from(state.unwrap_or(Squeeze::Neither) == wanted)))).collect())
}

/// `CHOP_n_atr_scalar`, where the scalar is 100.
fn choppiness(bars: &Bars, name: &str) -> Result<Series, String> {
    let [n, atr, scalar] = Column::parse(name).factors([14.0, 1.0, 100.0])?;
    let series = range::choppiness(bars, n as usize, atr as usize).map_err(refused)?;
    Ok(series.into_iter().map(|value| value.map(|value| value * scalar / 100.0)).collect())
}

fn scale(reference: f64) -> f64 {
    reference.abs().max(1.0)
}

fn compare(name: &str, got: Result<Series, String>, expected: &[Option<f64>]) -> Check {
    let got = match got {
        Ok(got) => got,
        Err(error) => return Check::failed(name, error),
    };
    if got.len() != expected.len() {
        return Check::failed(name, format!("{} rows for {} bars", expected.len(), got.len()));
    }
    let mut check = Check::new(name, Bound::Most(1e-9));
    for (row, (got, expected)) in got.iter().zip(expected).enumerate() {
        // A reference that divided by a range of zero says inf, which is no value.
        check.optional(row, *got, expected.filter(|expected| expected.is_finite()), scale);
    }
    check
}

/// Each column of a table but the rows' numbers, which have to be those of the bars.
fn columns(table: &Table, of: impl Fn(&str) -> Result<Series, String>) -> Result<Vec<Check>, String> {
    if table.has("i") {
        let numbers = table.numbers("i")?;
        if numbers.iter().enumerate().any(|(row, number)| row as f64 != *number) {
            return Err("the rows are not numbered as the bars are".to_owned());
        }
    }
    let names = table.names().filter(|name| *name != "i");
    names.map(|name| Ok(compare(name, of(name), &table.optional(name)?))).collect()
}

fn talib(folder: &Folder) -> Result<Vec<Check>, String> {
    let Inputs { bars, .. } = inputs(folder)?;
    columns(&folder.table("ta_talib.csv")?, |name| of_talib(&bars, name))
}

fn pandas(folder: &Folder) -> Result<Vec<Check>, String> {
    let inputs = inputs(folder)?;
    let table = folder.table("ta_pandas_ta_classic.csv")?;
    columns(&table, |name| match name {
        "SQZ_ON" | "SQZ_OFF" | "SQZ_NO" => squeeze_flags(&table, &inputs.bars, name),
        name if name.starts_with("CHOP_") => choppiness(&inputs.bars, name),
        name => of_pandas(&inputs, name),
    })
}

fn numbers(value: &Value, what: &str) -> Result<Vec<Option<f64>>, String> {
    let list = value.as_array().ok_or_else(|| format!("{what} is no list"))?;
    list.iter()
        .map(|entry| match entry {
            Value::Null => Ok(None),
            entry => entry.as_f64().map(Some).ok_or_else(|| format!("{what}: {entry} is no number")),
        })
        .collect()
}

/// Series that are short, flat or without volume, each with its inputs beside it.
fn edge(folder: &Folder) -> Result<Vec<Check>, String> {
    let document = folder.json("ta_talib_edge.json")?;
    let mut checks = Vec::new();
    for (case, entry) in document.as_object().ok_or("it is no object")? {
        let entry = entry.as_object().ok_or_else(|| format!("{case} is no object"))?;
        if let Some(unknown) =
            entry.keys().find(|key| !["open", "high", "low", "close", "volume", "out"].contains(&key.as_str()))
        {
            return Err(format!("{case}: nothing here knows the key {unknown}"));
        }
        let column = |name: &str| -> Result<Vec<f64>, String> {
            let what = format!("{case}, {name}");
            let values = numbers(entry.get(name).ok_or_else(|| format!("{what} is missing"))?, &what)?;
            values.into_iter().map(|value| value.ok_or_else(|| format!("{what} has a gap"))).collect()
        };
        let bars = Bars::new(column("open")?, column("high")?, column("low")?, column("close")?, column("volume")?)
            .map_err(|error| format!("{case}: {error}"))?;
        let out = entry.get("out").and_then(Value::as_object).ok_or_else(|| format!("{case}: out is missing"))?;
        for (name, expected) in out {
            let name_here = format!("{case} {name}");
            checks.push(compare(&name_here, of_talib(&bars, name), &numbers(expected, &name_here)?));
        }
    }
    Ok(checks)
}

/// Hits of candle patterns: those of the reference, each with its value, and no others.
fn patterns(folder: &Folder) -> Result<Vec<Check>, String> {
    let Inputs { bars, .. } = inputs(folder)?;
    let document = folder.json("ta_talib_candles.json")?;
    let mut expected = Vec::new();
    for entry in document.as_array().ok_or("it is no list")? {
        let object = entry.as_object().ok_or_else(|| format!("{entry} is no hit"))?;
        if let Some(unknown) = object.keys().find(|key| !["i", "pattern", "value"].contains(&key.as_str())) {
            return Err(format!("nothing here knows the key {unknown}"));
        }
        let hit = (object.get("i").and_then(Value::as_u64))
            .zip(object.get("pattern").and_then(Value::as_str))
            .zip(object.get("value").and_then(Value::as_i64));
        let ((bar, pattern), value) = hit.ok_or_else(|| format!("{entry} is no hit"))?;
        if !candles::patterns().any(|known| known.code == pattern) {
            return Err(format!("nothing here knows the pattern {pattern}"));
        }
        expected.push((bar, pattern, value));
    }
    let found = candles::find(&bars, 0);
    let found: Vec<(u64, &str, i64)> =
        found.iter().map(|hit| (hit.bar as u64, hit.pattern.code, i64::from(hit.value))).collect();
    let mut missing = Check::new("hits of the reference", Bound::Most(0.0));
    for hit in &expected {
        missing.row(format!("{hit:?}"), if found.contains(hit) { 0.0 } else { f64::INFINITY });
    }
    let mut extra = Check::new("hits here", Bound::Most(0.0));
    for hit in &found {
        extra.row(format!("{hit:?}"), if expected.contains(hit) { 0.0 } else { f64::INFINITY });
    }
    Ok(vec![missing, extra])
}
