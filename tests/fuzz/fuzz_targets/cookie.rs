//! The `Cookie` header: only a value of our form under our name is taken, whatever else a browser or a stranger sends.
//!
//! Input: the header. Held: what is read stands in the header under the cookie's name and has its form; it is found again in
//! the header that a browser would send back; one cookie is never taken for another.

#![no_main]

use libfuzzer_sys::fuzz_target;
use oauth::cookie::Cookie;
use vault::token::Kind;

fn check(cookie: Cookie, kind: Kind, header: &str) {
    let Some(value) = cookie.read(Some(header)) else { return };
    let value_text = value.expose();
    assert!(kind.fits(value_text), "{value_text}");
    assert!(header.contains(&format!("{}={value_text}", cookie.name())), "it is not in the header");
    let set = cookie.set(&value);
    assert!(http::HeaderValue::from_str(&set).is_ok());
    for attribute in ["; Path=/;", "; HttpOnly", "; Secure", "; SameSite=Lax"] {
        assert!(set.contains(attribute), "{set}");
    }
    let sent_back = set.split(';').next().expect("name and value");
    for others in [sent_back.to_owned(), format!("other=1; {sent_back}; {sent_back}x")] {
        let again = cookie.read(Some(&others)).expect("it comes back");
        assert_eq!(again.expose(), value_text);
    }
    let other = if cookie == Cookie::Login { Cookie::Session } else { Cookie::Login };
    assert!(other.read(Some(sent_back)).is_none(), "taken for another cookie");
}

fuzz_target!(|data: &[u8]| {
    let Ok(header) = std::str::from_utf8(data) else { return };
    check(Cookie::Login, Kind::Browser, header);
    check(Cookie::Session, Kind::Session, header);
});
