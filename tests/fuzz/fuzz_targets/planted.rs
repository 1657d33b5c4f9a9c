//! A panic that is there to be found: `npm test` fails if it is not. Four letters in a row are one input in four thousand
//! million; who sees which branches an input takes finds them one after the other.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut letters = data.iter();
    if letters.next() == Some(&b'f')
        && letters.next() == Some(&b'u')
        && letters.next() == Some(&b'z')
        && letters.next() == Some(&b'z')
    {
        panic!("a planted panic");
    }
});
