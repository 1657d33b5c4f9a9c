//! The sockets from outside. The product's own client collects from the simulator's session, both without a socket; what no
//! client of ours does is sent by hand. Covers the handshake and what breaks it, figures that agree with REST's, several
//! frames, candles, updates, late data, faults, the account streamer, and that no text makes either of them panic.

use chrono::TimeDelta;
use domain::Timestamp;
use serde_json::{Value, json};
use tasty::dxlink::{CandleSeries, Client, Collected, Ended, Fault as Broken, Kind as Event, Period, Unit, Wanted};

use super::{Connection, DXLINK, Out, STREAMER};
use crate::{
    accounts,
    faults::Fault,
    market::{Instrument, occ::Occ, quote},
    oauth::{Grant, grants, quote_token, token},
    rest,
    state::{Clock, State},
};

/// A Friday, 11:00 in New York.
fn start() -> Timestamp {
    "2026-11-20T16:00:00Z".parse().unwrap()
}

fn fault(body: &Value) -> Fault {
    let mut body = body.clone();
    body["path"] = json!("/dxlink");
    serde_json::from_value(body).unwrap()
}

/// A client and a server with a wire between them, and the time.
struct Wire {
    state: State,
    server: Connection,
    client: Client,
    wall: Timestamp,
    closed: Option<u16>,
    /// The texts of the server.
    heard: Vec<Value>,
}

impl Wire {
    fn new(user: &str, fault: Option<Fault>) -> Self {
        let (state, wall) = (State::default(), start());
        let server = Connection::new(DXLINK, fault, &state, wall);
        let client = Client::new(quote_token::issue(user, wall), wall);
        Self { state, server, client, wall, closed: None, heard: Vec::new() }
    }

    fn deliver(&mut self, out: Vec<Out>) {
        for one in out {
            match one {
                Out::Text(text) => {
                    self.heard.push(serde_json::from_str(&text).unwrap_or_default());
                    self.client.receive(&text, self.wall);
                }
                Out::Close(code, _) => {
                    self.closed = Some(code);
                    self.client.disconnected();
                }
            }
        }
    }

    /// Lets time pass until all collections are over.
    fn run(&mut self) {
        for _ in 0..20_000 {
            while let Some(frame) = self.client.next_frame() {
                let out = self.server.receive(&frame, &self.state, self.wall);
                self.deliver(out);
            }
            if self.client.is_idle() || self.closed.is_some() {
                return;
            }
            let next = self.client.wakes_at().min(self.server.wakes_at());
            self.wall = next.max(self.wall + TimeDelta::milliseconds(1));
            let out = self.server.tick(&self.state, self.wall);
            self.deliver(out);
            self.client.tick(self.wall);
        }
        panic!("it does not end: {:?}", self.client);
    }

    fn collect(&mut self, wanted: &Wanted, seconds: i64) -> Collected {
        self.client.collect(wanted, self.wall + TimeDelta::seconds(seconds), self.wall).unwrap();
        self.run();
        let [(_, collected)] = self.client.take_finished().try_into().unwrap();
        collected
    }
}

fn daily(symbol: &str, from: &str) -> CandleSeries {
    let from = from.parse().unwrap();
    CandleSeries { symbol: symbol.to_owned(), period: Period::of(1, Unit::Day), regular_hours: true, from }
}

#[test]
fn quotes_are_the_ones_that_rest_has() {
    let mut wire = Wire::new("trader", None);
    let option = Occ::parse("AAPL  261218C00270000").unwrap();
    let symbols = ["AAPL".to_owned(), option.streamer_symbol(), "/ESZ26:XCME".to_owned(), "BTC/USD:CXTALP".to_owned()];
    wire.state.clock = Clock::Frozen { at: start() };
    let kinds = [Event::Quote, Event::Trade, Event::Summary];
    let collected = wire.collect(&Wanted::events(&kinds, symbols.clone()), 5);
    assert_eq!((collected.ended, &collected.missing), (Ended::Complete, &vec![]));
    for symbol in symbols {
        let instrument = Instrument::of_streamer_symbol(&symbol).unwrap();
        let item = quote::of_instrument(&wire.state.market(), &instrument, start()).unwrap();
        let same = |ours: Option<domain::Decimal>, theirs: Option<&String>| {
            assert_eq!(ours.map(|value| value.0), theirs.map(|text| text.parse().unwrap()), "{symbol}");
        };
        same(collected.quotes[&symbol].bid, item.bid.as_ref());
        same(collected.quotes[&symbol].ask, item.ask.as_ref());
        same(collected.trades[&symbol].price, Some(&item.last));
        same(collected.summaries[&symbol].prev_close, Some(&item.prev_close));
        same(collected.summaries[&symbol].open, item.open.as_ref());
        let interest = item.open_interest.map_or(0.0, |text| text.parse::<f64>().unwrap());
        assert!((collected.summaries[&symbol].open_interest.unwrap() as f64 - interest).abs() < 0.5);
    }
}

#[test]
fn greeks_are_the_markets_and_what_has_none_is_missing() {
    let mut wire = Wire::new("trader", None);
    let (near, far) = (".AAPL261218C270", ".AAPL261218C9999");
    let wanted = Wanted::events(&[Event::Greeks], [near, far, "AAPL"]).and_events(&[Event::Underlying], ["AAPL"]);
    let collected = wire.collect(&wanted, 3);
    assert_eq!(collected.ended, Ended::Deadline);
    let missing: Vec<_> = collected.missing.iter().map(|one| one.symbol.as_str()).collect();
    assert_eq!(missing, [far, "AAPL"]);
    let greeks = &collected.greeks[near];
    let instrument = Instrument::of_streamer_symbol(near).unwrap();
    let theirs = wire.state.market().greeks(&instrument, wire.wall).unwrap();
    assert!(
        (greeks.delta.unwrap() - theirs.delta).abs() < 0.01 && (greeks.iv.unwrap() - theirs.volatility).abs() < 0.01
    );
    assert!(greeks.theta.unwrap() < 0.0 && greeks.vega.unwrap() > 0.0 && greeks.gamma.unwrap() > 0.0);
    assert!(collected.underlyings["AAPL"].iv.unwrap() > 0.05);
}

#[test]
fn a_whole_chain_comes_in_many_frames() {
    let mut wire = Wire::new("trader", None);
    let listing = crate::market::listing::find("KO").unwrap();
    let chains = wire.state.market().chains(listing, start());
    let symbols: Vec<String> =
        chains.iter().flat_map(|chain| chain.contracts()).map(|option| option.streamer_symbol()).collect();
    assert!(symbols.len() > 200, "{}", symbols.len());
    let collected = wire.collect(&Wanted::events(&[Event::Quote, Event::Summary], symbols.clone()), 30);
    assert_eq!((collected.ended, collected.quotes.len()), (Ended::Complete, symbols.len()));
    let frames = wire.heard.iter().filter(|frame| frame["type"] == "FEED_DATA");
    let longest = frames.clone().map(|frame| frame["data"][1].as_array().unwrap().len()).max().unwrap();
    assert!(frames.count() > 4 && longest <= 900, "{longest}");
}

#[test]
fn candles_from_a_moment_on() {
    let mut wire = Wire::new("trader", None);
    let minutes = CandleSeries { period: Period::of(30, Unit::Minute), ..daily("SPY", "2026-11-18T00:00:00Z") };
    let series = [daily("AAPL", "2026-10-01T00:00:00Z"), minutes, daily("VIX", "2026-11-02T00:00:00Z")];
    let collected = wire.collect(&Wanted::default().and_candles(series), 8);
    assert_eq!(collected.ended, Ended::Complete);
    let days = &collected.candles["AAPL{=d,tho=true}"].candles;
    assert_eq!(days.len(), 37, "the sessions from October to the twentieth of November");
    assert!(days.is_sorted_by(|one, other| one.index < other.index && one.at < other.at));
    assert!(days.iter().all(|day| day.low <= day.open && day.open <= day.high && day.volume.is_some()));
    assert_eq!(days[36].at.to_rfc3339(), "2026-11-20T00:00:00+00:00");
    let minutes = &collected.candles["SPY{=30m,tho=true}"].candles;
    assert_eq!(minutes.len(), 13 + 13 + 4);
    assert_eq!(collected.candles["VIX{=d,tho=true}"].candles.len(), 15);
    let nothing = wire.collect(&Wanted::default().and_candles([daily("AAPL", "2030-01-01T00:00:00Z")]), 8);
    assert_eq!((nothing.ended, nothing.candles["AAPL{=d,tho=true}"].candles.len()), (Ended::Complete, 0));
    let unknown = wire.collect(&Wanted::default().and_candles([daily("NOPE", "2026-01-01T00:00:00Z")]), 2);
    assert_eq!(unknown.ended, Ended::Deadline);
}

#[test]
fn delayed_data_are_a_quarter_of_an_hour_old() {
    let wanted = Wanted::events(&[Event::Trade], ["AAPL"]);
    let at = |user: &str| Wire::new(user, None).collect(&wanted, 3).trades["AAPL"].at.unwrap();
    let minutes = (at("trader") - at("delayed")).num_minutes();
    assert_eq!(minutes, 15);
}

#[test]
fn faults() {
    let wanted = Wanted::events(&[Event::Quote], ["SPY", "QQQ"]);
    for (body, ended) in [
        (json!({ "fault": "silence" }), Ended::Deadline),
        (json!({ "fault": "silence", "after": 4 }), Ended::Deadline),
        (json!({ "fault": "close" }), Ended::Broken(Broken::Disconnected)),
        (json!({ "fault": "close", "after": 5 }), Ended::Broken(Broken::Disconnected)),
        (json!({ "fault": "auth" }), Ended::Broken(Broken::Unauthorized)),
        // The frame with the quotes is cut in half.
        (json!({ "fault": "malformed", "after": 6 }), Ended::Deadline),
        // Configuration and data are the wrong way round: the data are read by the order that was asked for.
        (json!({ "fault": "disorder" }), Ended::Complete),
    ] {
        let mut wire = Wire::new("trader", Some(fault(&body)));
        wire.state.clock = Clock::Frozen { at: start() };
        let collected = wire.collect(&wanted, 4);
        assert_eq!(collected.ended, ended, "{body}");
    }
}

#[test]
fn a_token_that_is_none() {
    let mut wire = Wire::new("trader", None);
    wire.client = Client::new("nonsense", start());
    let collected = wire.collect(&Wanted::events(&[Event::Quote], ["SPY"]), 4);
    assert_eq!(collected.ended, Ended::Broken(Broken::Unauthorized));
    assert_eq!(wire.closed, Some(1000));
}

/// A connection that is spoken to by hand.
struct Hand {
    state: State,
    server: Connection,
    wall: Timestamp,
}

impl Hand {
    fn new(path: &str) -> Self {
        let state = State::default();
        let server = Connection::new(path, None, &state, start());
        Self { state, server, wall: start() }
    }

    fn say(&mut self, message: &Value) -> Vec<Value> {
        let out = self.server.receive(&message.to_string(), &self.state, self.wall);
        read(out)
    }

    fn wait(&mut self, milliseconds: i64) -> Vec<Value> {
        self.wall += TimeDelta::milliseconds(milliseconds);
        let out = self.server.tick(&self.state, self.wall);
        read(out)
    }

    /// A session with channel 3 open.
    fn opened() -> Self {
        let mut hand = Self::new(DXLINK);
        hand.say(&json!({ "type": "SETUP", "channel": 0, "version": "x", "acceptKeepaliveTimeout": 20 }));
        assert_eq!(hand.wait(50)[0]["state"], "UNAUTHORIZED");
        let token = quote_token::issue("trader", start());
        assert_eq!(hand.say(&json!({ "type": "AUTH", "channel": 0, "token": token }))[0]["state"], "AUTHORIZED");
        let request =
            json!({ "type": "CHANNEL_REQUEST", "channel": 3, "service": "FEED", "parameters": { "contract": "AUTO" } });
        assert_eq!(hand.say(&request)[0]["type"], "CHANNEL_OPENED");
        hand
    }
}

fn read(out: Vec<Out>) -> Vec<Value> {
    let one = |one| match one {
        Out::Text(text) => serde_json::from_str(&text).unwrap(),
        Out::Close(code, _) => json!({ "close": code }),
    };
    out.into_iter().map(one).collect()
}

#[test]
fn a_token_before_its_time_ends_the_session() {
    let setup = json!({ "type": "SETUP", "channel": 0, "version": "x" });
    let auth = json!({ "type": "AUTH", "channel": 0, "token": quote_token::issue("trader", start()) });
    for early in [vec![&auth], vec![&setup, &auth]] {
        let mut hand = Hand::new(DXLINK);
        let last = early.iter().map(|message| hand.say(message)).last().unwrap();
        assert_eq!((&last[0]["error"], &last[1]["close"]), (&json!("UNAUTHORIZED"), &json!(1000)));
        assert!(last[0]["message"].as_str().unwrap().ends_with("Session not found: api"));
        assert_eq!(hand.wait(50), Vec::<Value>::new());
    }
    let mut hand = Hand::new(DXLINK);
    hand.state.lenient_handshake = true;
    hand.say(&setup);
    assert_eq!(hand.say(&auth)[0]["state"], "AUTHORIZED", "as it was before");
}

#[test]
fn what_breaks_a_session() {
    let request = json!({ "type": "CHANNEL_REQUEST", "channel": 4, "service": "FEED" });
    for (message, error) in [
        (json!({ "type": "WHAT", "channel": 0 }), "UNSUPPORTED_PROTOCOL"),
        (json!({ "channel": 0 }), "INVALID_MESSAGE"),
        (json!([]), "INVALID_MESSAGE"),
        (request, "BAD_ACTION"),
        (json!({ "type": "FEED_SETUP", "channel": 5 }), "BAD_ACTION"),
        (json!({ "type": "SETUP", "channel": 0 }), "UNAUTHORIZED"),
        (json!({ "type": "FEED_SUBSCRIPTION", "channel": 3, "add": [{ "type": "Quote" }] }), "INVALID_MESSAGE"),
    ] {
        let mut hand = Hand::opened();
        assert_eq!(hand.say(&message)[0]["error"], error, "{message}");
    }
    let mut hand = Hand::opened();
    let long = json!({ "type": "FEED_SUBSCRIPTION", "channel": 3, "add": vec![json!({ "type": "Quote", "symbol": "SPY" }); 3000] });
    assert_eq!(hand.say(&long), [json!({ "close": 1009 })]);
}

#[test]
fn silence_on_either_side() {
    let mut hand = Hand::opened();
    assert_eq!(hand.wait(10_000)[0]["type"], "KEEPALIVE", "half of what the client said that it accepts");
    hand.say(&json!({ "type": "KEEPALIVE", "channel": 0 }));
    assert_eq!(hand.wait(60_000)[0]["error"], "TIMEOUT");
}

#[test]
fn fields_come_in_the_order_asked_for_and_objects_where_nobody_asked() {
    let mut hand = Hand::opened();
    let setup = json!({ "type": "FEED_SETUP", "channel": 3, "acceptDataFormat": "COMPACT",
        "acceptEventFields": { "Quote": ["askPrice", "eventSymbol", "nothing"] } });
    assert_eq!(hand.say(&setup)[0]["dataFormat"], "COMPACT");
    let add =
        |kind: &str| json!({ "type": "FEED_SUBSCRIPTION", "channel": 3, "add": [{ "type": kind, "symbol": "SPY" }] });
    let answer = hand.say(&add("Quote"));
    assert_eq!(answer[0]["eventFields"], json!({ "Quote": ["askPrice", "eventSymbol", "nothing"] }));
    let values = answer[1]["data"][1].as_array().unwrap();
    assert!(values[0].is_f64() && values[1] == "SPY" && values[2] == "NaN", "{values:?}");
    assert_eq!(hand.say(&add("Trade"))[0]["eventFields"]["Trade"].as_array().unwrap().len(), 14, "all of them");
    assert_eq!(hand.say(&add("Configuration")), Vec::<Value>::new());

    let mut hand = Hand::opened();
    let answer = hand.say(&add("Quote"));
    assert_eq!(
        (&answer[0]["data"][0]["eventType"], &answer[0]["data"][0]["eventSymbol"]),
        (&json!("Quote"), &json!("SPY"))
    );
}

#[test]
fn changes_are_told_until_they_are_not_wanted() {
    let mut hand = Hand::opened();
    let subscribe = |verb: &str| {
        json!({ "type": "FEED_SUBSCRIPTION", "channel": 3, verb: [{ "type": "Trade", "symbol": "SPY" },
            { "type": "Candle", "symbol": "SPY{=1m}", "fromTime": start().timestamp_millis() - 1 }] })
    };
    let first = hand.say(&subscribe("add"));
    let kinds = |frames: &[Value]| -> Vec<String> {
        frames
            .iter()
            .flat_map(|frame| frame["data"].as_array().unwrap())
            .map(|event| event["eventType"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(kinds(&first), ["Candle", "Candle", "Trade"], "a candle and the end, and the trade");
    let later = hand.wait(30_000);
    assert_eq!(kinds(&later), ["Candle", "Trade"]);
    assert_ne!(later[1]["data"][0]["price"], first[1]["data"][0]["price"]);
    assert_eq!(
        (&later[0]["data"][0]["eventFlags"], &later[0]["data"][0]["eventSymbol"]),
        (&json!(0), &json!("SPY{=m}"))
    );
    hand.say(&subscribe("remove"));
    assert!(kinds(&hand.wait(5_000)).is_empty());
    hand.say(&subscribe("add"));
    hand.say(&json!({ "type": "FEED_SUBSCRIPTION", "channel": 3, "reset": true }));
    assert!(kinds(&hand.wait(4_000)).is_empty());
    hand.say(&subscribe("add"));
    assert_eq!(hand.say(&json!({ "type": "CHANNEL_CANCEL", "channel": 3 }))[0]["type"], "CHANNEL_CLOSED");
    assert!(hand.wait(4_000).is_empty());
}

fn access(state: &mut State, user: &str) -> String {
    struct Same;
    impl vault::Entropy for Same {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }
    let created = grants::create(state, user, &crate::oauth::SCOPES, start(), &Same);
    let fields = vec![
        ("grant_type".to_owned(), "refresh_token".to_owned()),
        ("client_secret".to_owned(), created.client_secret),
        ("refresh_token".to_owned(), created.refresh_token),
    ];
    let body: serde_json::Map<String, Value> = fields.into_iter().map(|(name, value)| (name, json!(value))).collect();
    let call = http::Request::post(token::PATH)
        .header("content-type", "application/json")
        .body(serde_json::to_vec(&body).unwrap())
        .unwrap();
    let reply = token::answer(state, &call, start(), &Same);
    let answer: Value = serde_json::from_slice(reply.body()).unwrap();
    format!("Bearer {}", answer["access_token"].as_str().unwrap())
}

#[test]
fn the_account_streamer_tells_owners_alone() {
    let mut hand = Hand::new(STREAMER);
    let token = access(&mut hand.state, "trader");
    let ask = |action: &str, value: Value, token: &str| json!({ "action": action, "value": value, "auth-token": token, "request-id": 7 });
    let early = hand.say(&ask("quote-alerts-subscribe", Value::Null, &token));
    assert_eq!((&early[0]["status"], &early[0]["message"]), (&json!("error"), &json!("connect-not-completed")));
    for (value, token, problem) in [
        (json!(["5WX10001"]), "Bearer nonsense", "invalid-token"),
        (json!(["5WX99999"]), token.as_str(), "not-permitted"),
        (json!([]), token.as_str(), "not-permitted"),
    ] {
        assert_eq!(hand.say(&ask("connect", value, token))[0]["message"], problem);
    }
    let connected = hand.say(&ask("connect", json!(["5WX10001"]), &token));
    assert_eq!((&connected[0]["status"], &connected[0]["request-id"]), (&json!("ok"), &json!(7)));
    assert_eq!(hand.say(&ask("heartbeat", Value::Null, &token))[0]["status"], "ok");
    for topic in ["quote-alerts-subscribe", "public-watchlists-subscribe", "user-message-subscribe"] {
        assert_eq!(hand.say(&ask(topic, Value::Null, &token))[0]["status"], "ok");
    }
    for (account, kind) in [("5WX10001", "AccountBalance"), ("5WX10001", "CurrentPosition")] {
        let account = accounts::find(account).unwrap();
        for data in rest::news(&hand.state, account, kind, hand.wall).unwrap() {
            hand.state.news.tell(account.number, kind, &data, hand.wall);
        }
    }
    hand.state.news.tell("5WX99999", "Order", &json!({}), hand.wall);
    let told = hand.wait(100);
    assert!(told.len() > 3 && told[0]["type"] == "AccountBalance" && told[1]["type"] == "CurrentPosition");
    assert!(told.iter().all(|news| news["data"]["account-number"] == "5WX10001" && news["timestamp"].is_i64()));
    assert!(hand.wait(100).is_empty(), "nothing is told twice");

    let account = domain::AccountNumber::new("5WX10001").unwrap();
    let mut client = tasty::account_streamer::Client::new("x", &[account], start());
    let heard: Vec<_> = told.iter().flat_map(|news| client.receive(&news.to_string(), start())).collect();
    assert!(matches!(heard[0], tasty::account_streamer::Heard::Balance(_)));
    assert!(heard[1..].iter().all(|news| matches!(news, tasty::account_streamer::Heard::Position(_))));
}

#[test]
fn a_grant_of_the_state_is_what_a_token_stands_for() {
    let mut hand = Hand::new(STREAMER);
    let token = access(&mut hand.state, "trader");
    let grants: Vec<Grant> = hand.state.grants.values().cloned().collect();
    assert_eq!(grants.len(), 1);
    hand.state.grants.clear();
    let ask = json!({ "action": "connect", "value": "5WX10001", "auth-token": token });
    assert_eq!(hand.say(&ask)[0]["message"], "invalid-token");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn any_text_is_answered_or_not(texts in proptest::collection::vec(".{0,60}", 0..6), kind in "[A-Z_]{0,20}", symbol in ".{0,20}") {
        for path in [DXLINK, STREAMER] {
            let mut hand = if path == DXLINK { Hand::opened() } else { Hand::new(path) };
            let message = json!({ "type": kind, "channel": 3, "action": kind, "add": [{ "type": "Candle", "symbol": symbol }] });
            hand.say(&json!({ "type": "FEED_SUBSCRIPTION", "channel": 3, "add": [
                { "type": "Candle", "symbol": symbol }, { "type": "Quote", "symbol": symbol }, { "type": "Greeks", "symbol": symbol }] }));
            hand.say(&message);
            for text in &texts {
                let _ = hand.server.receive(text, &hand.state, hand.wall);
                hand.wait(300);
            }
        }
    }
}
