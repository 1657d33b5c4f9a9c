//! Lists of symbols: the user's own, `GET /watchlists`, and those that TastyTrade publishes, `GET /public-watchlists`.

use crate::{Answer, Error, Noted, Request, fields::Fields, request::segment};

/// Whose lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The user's.
    User,
    /// TastyTrade's.
    Public,
}

impl Owner {
    const fn path(self) -> &'static str {
        match self {
            Self::User => "/watchlists",
            Self::Public => "/public-watchlists",
        }
    }
}

/// A list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watchlist {
    /// Its name, by which it is asked for.
    pub name: String,
    /// The group that it is shown under.
    pub group: Option<String>,
    /// What is in it.
    pub entries: Vec<Entry>,
}

/// One entry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// As TastyTrade spells it.
    pub symbol: String,
    /// For example `Equity`, where TastyTrade says it.
    pub instrument_type: Option<String>,
}

/// Asks for all lists.
pub fn all(owner: Owner) -> Request {
    Request::get(owner.path())
}

/// Asks for one list.
pub fn one(owner: Owner, name: &str) -> Request {
    Request::get(format!("{}/{}", owner.path(), segment(name)))
}

/// Reads all lists, in TastyTrade's order. One without a name is left out with a note.
pub fn read_all(answer: &Answer) -> Result<Noted<Vec<Watchlist>>, Error> {
    let mut noted = Noted { value: Vec::new(), notes: Vec::new() };
    for mut item in answer.items()? {
        match list(&mut item) {
            Ok(list) => noted.value.push(list),
            Err(error) => item.notes.push(error.to_string()),
        }
        noted.notes.append(&mut item.notes);
    }
    Ok(noted)
}

/// Reads one list.
pub fn read_one(answer: &Answer) -> Result<Noted<Watchlist>, Error> {
    let mut fields = answer.object()?;
    let value = list(&mut fields)?;
    Ok(Noted { value, notes: fields.notes })
}

fn list(fields: &mut Fields<'_>) -> Result<Watchlist, Error> {
    let name = fields.required("name", Fields::text)?;
    let mut entries = Vec::new();
    for mut entry in fields.list("watchlist-entries") {
        if let Some(symbol) = entry.text("symbol") {
            entries.push(Entry { symbol, instrument_type: entry.text("instrument-type") });
        }
        fields.notes.append(&mut entry.notes);
    }
    Ok(Watchlist { name, group: fields.text("group-name"), entries })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::tests::answer;

    #[test]
    fn lists_are_asked_for_by_owner_and_name() {
        assert_eq!(all(Owner::User).path_and_query, "/watchlists");
        assert_eq!(one(Owner::Public, "Tom's Watchlist").path_and_query, "/public-watchlists/Tom%27s%20Watchlist");
    }

    #[test]
    fn lists_are_read_with_their_entries() {
        let body = r#"{"data":{"items":[{"name":"Wheel","group-name":"default","order-index":1,"watchlist-entries":[
            {"symbol":"KO","instrument-type":"Equity"},{"instrument-type":"Equity"},{"symbol":"/ESZ6"}]},
            {"watchlist-entries":[]},{"name":"Empty"}]}}"#;
        let read = read_all(&answer(200, body)).unwrap();
        assert_eq!(read.notes, ["invalid answer: data.items[1].name: missing"]);
        let [wheel, empty] = read.value.try_into().unwrap();
        assert_eq!(wheel.entries.iter().map(|entry| entry.symbol.as_str()).collect::<Vec<_>>(), ["KO", "/ESZ6"]);
        assert!(empty.entries.is_empty());
        let single = read_one(&answer(200, r#"{"data":{"name":"Wheel","watchlist-entries":null}}"#)).unwrap();
        assert_eq!((single.value.name.as_str(), single.value.entries.len()), ("Wheel", 0));
    }
}
