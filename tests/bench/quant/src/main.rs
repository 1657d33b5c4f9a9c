//! The native side: `quant-bench times`, `quant-bench digests` or `quant-bench cases`, each printed as JSON.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints is the purpose")]

use std::process::ExitCode;

use domain::occ::Side;
use quant_bench::cases::{Cases, Quoted};
use quant_bench::digests::{DIGESTS, Part};
use quant_bench::tasks::TASKS;

/// How often each part is timed.
const ROUNDS: usize = 12;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("times") => println!("[{}]", times().join(",")),
        Some("digests") => {
            let one = |(name, digest): &Part| format!(r#"{{"name":"{name}","digest":"{:016x}"}}"#, digest());
            println!("[{}]", DIGESTS.iter().map(one).collect::<Vec<_>>().join(","));
        }
        Some("cases") => println!("{}", cases()),
        _ => {
            eprintln!("Say what: times, digests or cases.");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// Milliseconds of each task: of each part the least of all rounds, added up.
#[expect(clippy::disallowed_methods, reason = "measuring time is what this program is for, and it runs natively")]
fn times() -> Vec<String> {
    let cases = Cases::new();
    let mut lines = Vec::new();
    for task in &TASKS {
        let parts = (task.parts)(&cases) as usize;
        let mut least = vec![f64::INFINITY; parts];
        let mut sum = 0.0;
        for _ in 0..ROUNDS {
            sum = 0.0;
            for (part, least) in least.iter_mut().enumerate() {
                let began = std::time::Instant::now();
                sum += (task.run)(&cases, part);
                *least = least.min(began.elapsed().as_secs_f64() * 1e3);
            }
        }
        let (name, ms) = (task.name, least.iter().sum::<f64>());
        lines.push(format!(r#"{{"name":"{name}","parts":{parts},"ms":{ms},"sum":{sum}}}"#));
    }
    lines
}

/// The cases, for other people's software.
fn cases() -> String {
    let Cases { groups, bars, .. } = Cases::new();
    let option = |quoted: &Quoted| {
        let Quoted { contract, volatility, european, american } = quoted;
        let side = if contract.side == Side::Call { "C" } else { "P" };
        format!(r#"["{side}",{},{},{volatility},{european},{american}]"#, contract.spot, contract.strike)
    };
    let group = |group: &Vec<Quoted>| {
        let options: Vec<String> = group.iter().map(option).collect();
        let first = group.first().map(|quoted| quoted.contract);
        let (years, rate, yields) = first.map_or((0.0, 0.0, 0.0), |of| (of.years, of.rate, of.yields));
        format!(r#"{{"years":{years},"rate":{rate},"yields":{yields},"options":[{}]}}"#, options.join(","))
    };
    let groups: Vec<String> = groups.iter().map(group).collect();
    let columns = [
        ("open", bars.open()),
        ("high", bars.high()),
        ("low", bars.low()),
        ("close", bars.close()),
        ("volume", bars.volume()),
    ];
    let column = |(name, values): &(&str, &[f64])| format!(r#""{name}":{values:?}"#);
    let bars: Vec<String> = columns.iter().map(column).collect();
    format!(r#"{{"groups":[{}],"bars":{{{}}}}}"#, groups.join(","), bars.join(","))
}
