//! Time zones: the runtime knows the IANA database, so that no worker has to carry it.

use chrono::{NaiveDate, NaiveDateTime};
use domain::Timestamp;
use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// The zone of that name in its usual spelling; nothing if there is no such zone. An alias stays an alias.
pub fn find(name: &str) -> Option<String> {
    resolve(name).ok().flatten()
}

/// What the clocks of a zone show at a moment, to the second; nothing if there is no such zone.
pub fn local(name: &str, moment: Timestamp) -> Option<NaiveDateTime> {
    parts(name, moment).ok().flatten()
}

fn parts(name: &str, moment: Timestamp) -> Result<Option<NaiveDateTime>, JsValue> {
    const UNITS: [&str; 6] = ["year", "month", "day", "hour", "minute", "second"];
    let options = Object::new();
    Reflect::set(&options, &"timeZone".into(), &name.into())?;
    Reflect::set(&options, &"hourCycle".into(), &"h23".into())?;
    for unit in UNITS {
        Reflect::set(&options, &unit.into(), &"numeric".into())?;
    }
    let format = formatter(&options)?;
    let to_parts: Function = Reflect::get(&format, &"formatToParts".into())?.dyn_into()?;
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of any date of the runtime fit a double exactly")]
    let milliseconds = moment.timestamp_millis() as f64;
    let mut found = [None; 6];
    for part in Array::from(&to_parts.call1(&format, &milliseconds.into())?).iter() {
        let text = |member: &str| Reflect::get(&part, &member.into()).ok().and_then(|value| value.as_string());
        let place = text("type").and_then(|kind| UNITS.iter().position(|unit| *unit == kind));
        if let Some((place, value)) = place.zip(text("value"))
            && let Some(one) = found.get_mut(place)
        {
            *one = value.parse::<u32>().ok();
        }
    }
    let [Some(year), Some(month), Some(day), Some(hour), Some(minute), Some(second)] = found else { return Ok(None) };
    let day = i32::try_from(year).ok().and_then(|year| NaiveDate::from_ymd_opt(year, month, day));
    Ok(day.and_then(|day| day.and_hms_opt(hour, minute, second)))
}

/// A formatter of moments; an error where the zone among the options is none.
fn formatter(options: &Object) -> Result<JsValue, JsValue> {
    let intl = Reflect::get(&js_sys::global(), &"Intl".into())?;
    let formatter: Function = Reflect::get(&intl, &"DateTimeFormat".into())?.dyn_into()?;
    Reflect::construct(&formatter, &Array::of2(&"en-US".into(), options))
}

fn resolve(name: &str) -> Result<Option<String>, JsValue> {
    let options = Object::new();
    Reflect::set(&options, &"timeZone".into(), &name.into())?;
    let format = formatter(&options)?;
    let resolved: Function = Reflect::get(&format, &"resolvedOptions".into())?.dyn_into()?;
    let usual = Reflect::get(&resolved.call0(&format)?, &"timeZone".into())?.as_string();
    Ok(usual.map(|usual| if usual.eq_ignore_ascii_case(name) { usual } else { name.to_owned() }))
}
