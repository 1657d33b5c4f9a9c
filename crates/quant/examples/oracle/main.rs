//! `cargo run --release -p quant --example oracle -- DIR`: compares what this crate computes with reference values that other
//! people's software made.
//!
//! DIR holds any of the files that `files()` knows, CSV or JSON, each laid out as there. Each column of them is recomputed
//! from the file's own inputs. Printed per column: the rows, the largest and the 95th-percentile error, and the bound. A
//! file, a column or a key that nothing here knows fails, and so does a value where there should be none. The last line is
//! `N passed, N failed`; the program exits with 1 where something failed.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints is the purpose")]

mod check;
mod folder;
mod indicators;
mod levels;
mod options;
mod strategies;

use std::process::ExitCode;

use check::Check;
use folder::Folder;

/// What compares one file: it names each column that it knows, recomputes it, and reports.
type Compare = fn(&Folder) -> Result<Vec<Check>, String>;

/// The files by name, each with what compares it.
fn files() -> Vec<(&'static str, Compare)> {
    let mut files: Vec<(&'static str, Compare)> = vec![("option_strategies.json", strategies::strategies)];
    files.extend(options::files());
    files.extend(indicators::files());
    files.extend(levels::files());
    files
}

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("Name the folder: cargo run --release -p quant --example oracle -- DIR");
        return ExitCode::from(2);
    };
    let folder = match Folder::open(&path) {
        Ok(folder) => folder,
        Err(error) => {
            eprintln!("{path}: {error}");
            return ExitCode::from(2);
        }
    };
    let known = files();
    let mut checks = Vec::new();
    for name in folder.names() {
        match known.iter().find(|(known, _)| known == name) {
            Some((_, compare)) => {
                println!("{name}");
                let found = compare(&folder).unwrap_or_else(|error| vec![Check::failed("whole file", error)]);
                found.iter().for_each(|check| println!("  {check}"));
                checks.extend(found);
            }
            None => {
                println!("{name}\n  FAILED  no comparison knows this file");
                checks.push(Check::failed(name, "unknown file".to_owned()));
            }
        }
    }
    let failed = checks.iter().filter(|check| !check.passed()).count();
    println!("{} passed, {failed} failed", checks.len() - failed);
    ExitCode::from(u8::from(failed > 0 || checks.is_empty()))
}
