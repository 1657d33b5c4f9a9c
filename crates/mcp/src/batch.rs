//! JSON arrays of messages, which revision 2025-03-26 knows and its successors do not.

use http::HeaderMap;
use serde_json::value::RawValue;

use crate::{
    ask::Ask,
    catalog::Catalog,
    fault::Fault,
    headers::{self, Said},
    legacy::{self, Peer},
    message::{self, Message, Refused, Request},
    modern,
    receive::{MAX_BATCH, Options, Received},
    reply::{Reply, Seen},
    version::{BATCH_VERSION, Era},
};

/// A batch: some of it answered, some of it to be looked up, in its order.
#[derive(Debug)]
pub struct Batch {
    /// The messages.
    pub entries: Vec<Entry>,
}

/// What one message turned out to be.
#[derive(Debug)]
pub enum Entry {
    /// It is answered, or wants no answer.
    Reply(Reply),
    /// The product has to look something up.
    Ask(Box<Ask>),
}

/// Reads an array. It belongs to 2025-03-26, or to a client that names no version.
pub(crate) fn receive(catalog: &Catalog, options: &Options<'_>, headers: &HeaderMap, text: &str) -> Received {
    let entry = |raw: &RawValue| entry(catalog, options, headers, raw.get());
    match read(headers, text) {
        Ok(messages) => Received::Batch(Batch { entries: messages.into_iter().map(entry).collect() }),
        Err(fault) => Received::Reply(Reply::fault(None, &fault, Seen::default())),
    }
}

/// The messages of an array.
pub(crate) fn read<'a>(headers: &HeaderMap, text: &'a str) -> Result<Vec<&'a RawValue>, Fault> {
    let messages: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| Fault::parse())?;
    let of_the_revision = match headers::version(headers) {
        Said::Nothing => true,
        Said::This(version) => version == BATCH_VERSION,
        Said::Unclear => false,
    };
    if !of_the_revision || headers::has_method(headers) {
        return Err(Fault::invalid_request("This protocol version knows no batches. Send one message per request."));
    }
    if messages.is_empty() {
        return Err(Fault::invalid_request("The batch is empty."));
    }
    if messages.len() > MAX_BATCH {
        return Err(Fault::invalid_request(format!("A batch may hold {MAX_BATCH} messages.")));
    }
    Ok(messages)
}

fn entry(catalog: &Catalog, options: &Options<'_>, headers: &HeaderMap, text: &str) -> Entry {
    let seen = Seen { era: Some(Era::Legacy), ..Seen::default() };
    match message::read(text) {
        Ok(Message::Request(request)) => serve(catalog, options, &Peer::unknown(catalog, headers), request),
        Ok(Message::Notification(_) | Message::Response(_)) => Entry::Reply(Reply::accepted(seen)),
        Err(Refused { id, fault }) => Entry::Reply(Reply::fault(id.as_ref(), &fault, seen)),
    }
}

/// Serves one request of a batch.
pub(crate) fn serve(catalog: &Catalog, options: &Options<'_>, peer: &Peer<'_>, request: Request) -> Entry {
    if request.method == "initialize" || modern::describes_itself(&request) {
        let fault = Fault::invalid_request("This request cannot be part of a batch.");
        return Entry::Reply(Reply::fault(Some(&request.id), &fault, Seen::default()));
    }
    legacy::serve(catalog, options, peer, request)
}
