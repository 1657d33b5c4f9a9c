//! The numbers' work as it is measured and compared: the same cases and the same code natively and in Wasm.
//!
//! `npm run bench:quant` times the tasks; a suite compares the digests of what both compute. The cases are made here, by
//! arithmetic that is the same everywhere.

pub mod cases;
pub mod digests;
pub mod tasks;

use std::sync::LazyLock;

use cases::Cases;

static CASES: LazyLock<Cases> = LazyLock::new(Cases::new);

/// Does one part of a task, by their places, and gives a number that depends on all of it; -1 where there is no such part.
#[expect(unsafe_code, reason = "the name is how the module is called from outside")]
#[unsafe(no_mangle)]
pub extern "C" fn run(task: u32, part: u32) -> f64 {
    let task = tasks::TASKS.get(task as usize).filter(|task| part < (task.parts)(&CASES));
    task.map_or(-1.0, |task| (task.run)(&CASES, part as usize))
}

/// The digest of what is computed under this place; 0 where there is none.
#[expect(unsafe_code, reason = "the name is how the module is called from outside")]
#[unsafe(no_mangle)]
pub extern "C" fn digest(place: u32) -> u64 {
    digests::DIGESTS.get(place as usize).map_or(0, |(_, digest)| digest())
}
