//! Time zones: the runtime knows the IANA database, so that no worker has to carry it.

use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// The zone of that name in its usual spelling; nothing if there is no such zone. An alias stays an alias.
pub fn find(name: &str) -> Option<String> {
    resolve(name).ok().flatten()
}

fn resolve(name: &str) -> Result<Option<String>, JsValue> {
    let intl = Reflect::get(&js_sys::global(), &"Intl".into())?;
    let formatter: Function = Reflect::get(&intl, &"DateTimeFormat".into())?.dyn_into()?;
    let options = Object::new();
    Reflect::set(&options, &"timeZone".into(), &name.into())?;
    // This throws where there is no such zone.
    let format = Reflect::construct(&formatter, &Array::of2(&"en-US".into(), &options))?;
    let resolved: Function = Reflect::get(&format, &"resolvedOptions".into())?.dyn_into()?;
    let usual = Reflect::get(&resolved.call0(&format)?, &"timeZone".into())?.as_string();
    Ok(usual.map(|usual| if usual.eq_ignore_ascii_case(name) { usual } else { name.to_owned() }))
}
