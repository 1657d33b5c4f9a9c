//! DXLink sessions as transcripts: what the server says, and what this side says and comes to. Covers the handshake step by
//! step, collections with their deadlines and what is missing, both forms of data, candles, shared subscriptions, silence,
//! refusals, and that no text and no order of texts makes it panic or answer a collection twice.

#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use chrono::TimeDelta;
use domain::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use tasty::dxlink::{
    CandleSeries, Client, Collected, CollectionId, Ended, Fault, Kind, MAX_FRAME, Period, TooMuch, Unit, Wanted,
};

const SETUP: &str =
    r#"{"type":"SETUP","channel":0,"version":"1.0-1.2.3","keepaliveTimeout":60,"acceptKeepaliveTimeout":60}"#;
const WHO: &str = r#"{"type":"AUTH_STATE","channel":0,"state":"UNAUTHORIZED"}"#;
const WELCOME: &str = r#"{"type":"AUTH_STATE","channel":0,"state":"AUTHORIZED","userId":"u"}"#;
const OPENED: &str = r#"{"type":"CHANNEL_OPENED","channel":1,"service":"FEED","parameters":{"contract":"AUTO"}}"#;
const CONFIG: &str = r#"{"type":"FEED_CONFIG","channel":1,"aggregationPeriod":0.1,"dataFormat":"COMPACT"}"#;
const HANDSHAKE: [&str; 5] = [SETUP, WHO, WELCOME, OPENED, CONFIG];

fn start() -> Timestamp {
    "2026-11-20T15:00:00Z".parse().unwrap()
}

fn after(seconds: i64) -> Timestamp {
    start() + TimeDelta::seconds(seconds)
}

/// The kinds of the frames that go out, and the frames.
fn sent(client: &mut Client) -> Vec<Value> {
    std::iter::from_fn(|| client.next_frame()).map(|frame| serde_json::from_str(&frame).unwrap()).collect()
}

fn types(frames: &[Value]) -> Vec<&str> {
    frames.iter().map(|frame| frame["type"].as_str().unwrap()).collect()
}

fn open() -> Client {
    let mut client = Client::new("token", start());
    for frame in HANDSHAKE {
        client.receive(frame, start());
    }
    sent(&mut client);
    client
}

fn data(kind: &str, values: &Value) -> String {
    json!({ "type": "FEED_DATA", "channel": 1, "data": [kind, values] }).to_string()
}

fn config(fields: &Value) -> String {
    json!({ "type": "FEED_CONFIG", "channel": 1, "dataFormat": "COMPACT", "eventFields": fields }).to_string()
}

fn only(client: &mut Client) -> (CollectionId, Collected) {
    let [one] = client.take_finished().try_into().unwrap();
    one
}

fn text<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

#[test]
fn each_step_waits_for_the_one_before() {
    let mut client = Client::new("t\"oken", start());
    client.collect(&Wanted::events(&[Kind::Quote], ["SPY"]), after(5), start()).unwrap();
    let mut seen = vec![sent(&mut client)];
    for frame in HANDSHAKE {
        client.receive(frame, start());
        seen.push(sent(&mut client));
    }
    let names: Vec<_> = seen.iter().map(|frames| types(frames)).collect();
    let expected: [&[&str]; 6] =
        [&["SETUP"], &[], &["AUTH"], &["CHANNEL_REQUEST"], &["FEED_SETUP"], &["FEED_SUBSCRIPTION"]];
    assert_eq!(names, expected);
    assert_eq!(seen[2][0], json!({ "type": "AUTH", "channel": 0, "token": "t\"oken" }));
    assert_eq!(seen[4][0]["acceptDataFormat"], "COMPACT");
    assert_eq!(seen[4][0]["acceptEventFields"]["Quote"][0], "eventSymbol");
    assert_eq!(seen[5][0]["add"], json!([{ "type": "Quote", "symbol": "SPY" }]));
    assert!(!format!("{client:?}").contains("oken"));
}

#[test]
fn frames_out_of_their_order_change_nothing() {
    let mut client = Client::new("token", start());
    let id = client.collect(&Wanted::events(&[Kind::Quote], ["SPY"]), after(5), start()).unwrap();
    let quote = data("Quote", &json!(["SPY", 1, 1, 560.01, 560.02, 1, 1]));
    for frame in [CONFIG, OPENED, &quote, r#"{"type":"NEWS","channel":0}"#, SETUP] {
        client.receive(frame, start());
    }
    assert_eq!(types(&sent(&mut client)), ["SETUP"], "nothing is said before the server asks who this is");
    for frame in &HANDSHAKE[1..] {
        client.receive(frame, start());
    }
    client.receive(OPENED, start());
    client.receive(&quote, start());
    let (finished, collected) = only(&mut client);
    assert_eq!((finished, collected.ended), (id, Ended::Complete));
}

#[test]
fn a_server_that_asks_for_no_token() {
    let mut client = Client::new("token", start());
    client.receive(SETUP, start());
    client.receive(WELCOME, start());
    assert_eq!(types(&sent(&mut client)), ["SETUP", "CHANNEL_REQUEST"]);
}

#[test]
fn data_follow_the_order_that_was_announced() {
    let mut client = open();
    client.receive(&config(&json!({ "Quote": ["askPrice", "eventSymbol", "bidPrice", "strange"] })), start());
    client.collect(&Wanted::events(&[Kind::Quote], ["SPY", "QQQ", "VIX"]), after(5), start()).unwrap();
    client.receive(
        &data("Quote", &json!([560.02, "SPY", 560.010, [1], "NaN", "VIX", null, {}, "480.11", "QQQ", "480.1", 0])),
        start(),
    );
    let (_, collected) = only(&mut client);
    let prices = |symbol: &str| {
        let quote = &collected.quotes[symbol];
        (text(quote.bid), text(quote.ask))
    };
    assert_eq!(prices("SPY"), ("560.01".to_owned(), "560.02".to_owned()));
    assert_eq!(prices("QQQ"), ("480.1".to_owned(), "480.11".to_owned()));
    assert_eq!(prices("VIX"), (String::new(), String::new()));
    assert_eq!(collected.ended, Ended::Complete);
}

#[test]
fn prices_keep_their_digits() {
    let mut client = open();
    client.collect(&Wanted::events(&[Kind::Quote], ["X"]), after(5), start()).unwrap();
    let frame =
        r#"{"type":"FEED_DATA","channel":1,"data":["Quote",["X",0,1700000000123,0.10,123456789.123456789,"1.50",7]]}"#;
    client.receive(frame, start());
    let (_, collected) = only(&mut client);
    let quote = &collected.quotes["X"];
    assert_eq!((text(quote.bid), text(quote.ask)), ("0.10".to_owned(), "123456789.123456789".to_owned()));
    assert_eq!((text(quote.bid_size), text(quote.ask_size)), ("1.50".to_owned(), "7".to_owned()));
    assert_eq!(quote.at.unwrap().timestamp_millis(), 1_700_000_000_123);
    let stored = serde_json::to_string(&collected).unwrap();
    assert_eq!(serde_json::from_str::<Collected>(&stored).unwrap(), collected);
    assert!(stored.contains("\"bid\":0.10"), "{stored}");
}

#[test]
fn every_kind_is_read_in_both_forms() {
    let kinds =
        [Kind::Quote, Kind::Trade, Kind::Summary, Kind::Greeks, Kind::Profile, Kind::TheoPrice, Kind::Underlying];
    let full = json!({ "type": "FEED_DATA", "channel": 1, "data": [
        { "eventType": "Quote", "eventSymbol": "S", "bidPrice": 1.25, "askPrice": "1.50" },
        { "eventType": "Trade", "eventSymbol": "S", "price": 1.4, "dayVolume": 12, "extendedTradingHours": true, "time": 5 },
        { "eventType": "Summary", "eventSymbol": "S", "openInterest": 1234, "prevDayClosePrice": 1.3, "dayClosePrice": "NaN" },
        { "eventType": "Greeks", "eventSymbol": "S", "volatility": 0.25, "delta": -0.3, "gamma": "NaN", "theta": -0.01 },
        { "eventType": "Profile", "eventSymbol": "S", "description": " S Inc. ", "beta": 1.5, "statusReason": null },
        { "eventType": "TheoPrice", "eventSymbol": "S", "price": 1.41, "underlyingPrice": 99.5, "delta": 0.5 },
        { "eventType": "Underlying", "eventSymbol": "S", "volatility": 0.2, "putCallRatio": 0.9, "callVolume": 5 },
        { "eventType": "Order", "eventSymbol": "S" },
    ]});
    let fields = json!({
        "Quote": ["eventSymbol", "bidPrice", "askPrice"],
        "Trade": ["eventSymbol", "price", "dayVolume", "extendedTradingHours", "time"],
        "Summary": ["eventSymbol", "openInterest", "prevDayClosePrice", "dayClosePrice"],
        "Greeks": ["eventSymbol", "volatility", "delta", "gamma", "theta"],
        "Profile": ["eventSymbol", "description", "beta", "statusReason"],
        "TheoPrice": ["eventSymbol", "price", "underlyingPrice", "delta"],
        "Underlying": ["eventSymbol", "volatility", "putCallRatio", "callVolume"],
    });
    let compact = json!({ "type": "FEED_DATA", "channel": 1, "data": [
        "Quote", ["S", 1.25, "1.50"], "Trade", ["S", 1.4, 12, true, 5], "Summary", ["S", 1234, 1.3, "NaN"],
        "Greeks", ["S", 0.25, -0.3, "NaN", -0.01], "Profile", ["S", " S Inc. ", 1.5, null],
        "TheoPrice", ["S", 1.41, 99.5, 0.5], "Underlying", ["S", 0.2, 0.9, 5], "Order", [1, 2, 3],
    ]});
    let collected = [compact, full].map(|frame| {
        let mut client = open();
        client.receive(&config(&fields), start());
        client.collect(&Wanted::events(&kinds, ["S"]), after(5), start()).unwrap();
        client.receive(&frame.to_string(), start());
        only(&mut client).1
    });
    assert_eq!(collected[0], collected[1]);
    let collected = &collected[0];
    assert_eq!((collected.ended, collected.missing.len()), (Ended::Complete, 0));
    assert_eq!(collected.summaries["S"].open_interest, Some(1234));
    assert_eq!((text(collected.summaries["S"].prev_close), collected.summaries["S"].close), ("1.3".to_owned(), None));
    let greeks = &collected.greeks["S"];
    assert_eq!((greeks.iv, greeks.delta, greeks.gamma, greeks.vega), (Some(0.25), Some(-0.3), None, None));
    assert_eq!(collected.profiles["S"].description.as_deref(), Some("S Inc."));
    assert_eq!(collected.trades["S"].is_extended, Some(true));
    assert_eq!(collected.underlyings["S"].put_call_ratio, Some(0.9));
    assert_eq!(text(collected.theo_prices["S"].underlying_price), "99.5");
}

#[test]
fn what_does_not_come_in_time_is_named() {
    let mut client = open();
    let wanted = Wanted::events(&[Kind::Quote, Kind::Greeks], [".A", ".B"]);
    let id = client.collect(&wanted, after(3), start()).unwrap();
    client.receive(&data("Quote", &json!([".A", 0, 0, 1, 2, 3, 4, ".B", 0, 0, 1, 2, 3, 4])), start());
    // Greeks that are not computed say nothing.
    let nan = "NaN";
    client.receive(
        &data(
            "Greeks",
            &json!([".A", 0, nan, 0.2, 0.5, 0.1, 0.1, 0.1, 0.1, ".B", 0, nan, nan, nan, nan, nan, nan, nan]),
        ),
        start(),
    );
    client.tick(after(2));
    assert!(client.take_finished().is_empty());
    assert_eq!(client.wakes_at(), after(3));
    client.tick(after(3));
    let (finished, collected) = only(&mut client);
    assert_eq!((finished, collected.ended), (id, Ended::Deadline));
    let missing: Vec<_> = collected.missing.iter().map(|one| (one.kind, one.symbol.as_str())).collect();
    assert_eq!(missing, [(Kind::Greeks, ".B")]);
    assert_eq!((collected.quotes.len(), collected.greeks.len()), (2, 1));
    let frames = sent(&mut client);
    assert_eq!(frames.last().unwrap()["remove"].as_array().unwrap().len(), 4, "nothing of it is sent any more");
    assert!(client.is_idle());
}

#[test]
fn a_quiet_ends_what_has_begun_to_come() {
    let mut client = open();
    let wanted = Wanted::events(&[Kind::Quote], ["A", "B"]).until_quiet(std::time::Duration::from_secs(2));
    client.collect(&wanted, after(20), start()).unwrap();
    client.tick(after(9));
    assert!(client.take_finished().is_empty(), "nothing has come yet");
    client.receive(&data("Quote", &json!(["A", 0, 0, 1, 2, 3, 4])), after(10));
    client.receive(&data("Quote", &json!(["A", 0, 0, 1, 3, 3, 4])), after(11));
    assert_eq!(client.wakes_at(), after(12), "what was there before is no news");
    // Another one that begins with what is known already.
    client.collect(&wanted, after(11), after(10)).unwrap();
    client.tick(after(12));
    let ended: Vec<_> =
        client.take_finished().into_iter().map(|(_, collected)| (collected.ended, collected.missing.len())).collect();
    assert_eq!(ended, [(Ended::Quiet, 1), (Ended::Deadline, 1)]);
}

#[test]
fn many_symbols_go_out_in_batches() {
    let mut client = open();
    let symbols: Vec<_> = (0..1_200).map(|number| format!("S{number}")).collect();
    client.collect(&Wanted::events(&[Kind::Quote], symbols.clone()), after(3), start()).unwrap();
    let frames = sent(&mut client);
    let sizes: Vec<_> = frames.iter().map(|frame| frame["add"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [500, 500, 200]);
    for batch in symbols.chunks(100) {
        let values: Vec<_> = batch
            .iter()
            .flat_map(|symbol| [json!(symbol), 0.into(), 0.into(), 1.into(), 2.into(), 3.into(), 4.into()])
            .collect();
        client.receive(&data("Quote", &json!(values)), start());
    }
    assert_eq!(only(&mut client).1.quotes.len(), 1_200);
}

fn daily(from: Timestamp) -> CandleSeries {
    CandleSeries { symbol: "AAPL".to_owned(), period: Period::of(1, Unit::Day), regular_hours: true, from }
}

/// The values of one candle event.
fn candle(symbol: &str, flags: i64, index: i64, close: &Value) -> Vec<Value> {
    let time = 1_700_000_000_000_i64 + index;
    vec![
        json!(symbol),
        json!(flags),
        json!(7_400_000_000_000_000_000_i64 + index),
        json!(time),
        json!(3),
        json!(1000),
        json!("NaN"),
        json!("NaN"),
        json!("NaN"),
        close.clone(),
        close.clone(),
        close.clone(),
        close.clone(),
    ]
}

#[test]
fn candles_are_put_together_under_the_servers_name() {
    let mut client = open();
    let series = [daily(Timestamp::UNIX_EPOCH)];
    client.collect(&Wanted::default().and_candles(series), after(8), start()).unwrap();
    assert_eq!(
        sent(&mut client)[0]["add"],
        json!([{ "type": "Candle", "symbol": "AAPL{=d,tho=true}", "fromTime": 0 }])
    );
    let name = "AAPL{tho=true,=1d}";
    let newest = [candle(name, 0x05, 3, &json!(103.5)), candle(name, 0x01, 2, &json!("102"))].concat();
    client.receive(&data("Candle", &json!(newest)), start());
    assert!(client.take_finished().is_empty());
    let oldest = [candle(name, 0x01, 1, &json!(101)), candle(name, 0x0a, 0, &json!("NaN"))].concat();
    client.receive(&data("Candle", &json!(oldest)), start());
    let (_, collected) = only(&mut client);
    let candles = &collected.candles["AAPL{=d,tho=true}"];
    assert!(candles.is_complete);
    let closes: Vec<_> = candles.candles.iter().map(|candle| candle.close.to_string()).collect();
    assert_eq!(closes, ["101", "102", "103.5"]);
    assert_eq!(candles.candles[2].index, 7_400_000_000_000_000_003, "indexes have more digits than a double");
}

#[test]
fn a_snapshot_that_does_not_end_is_given_as_far_as_it_came() {
    let mut client = open();
    let wanted = Wanted::default().and_candles([daily(Timestamp::UNIX_EPOCH)]);
    client.collect(&wanted, after(2), start()).unwrap();
    client.receive(&data("Candle", &json!(candle("AAPL{=d,tho=true}", 0x04, 3, &json!(1)))), start());
    client.tick(after(2));
    let (_, collected) = only(&mut client);
    let candles = &collected.candles["AAPL{=d,tho=true}"];
    assert_eq!((candles.is_complete, candles.candles.len()), (false, 1));
    assert_eq!(collected.missing[0].symbol, "AAPL{=d,tho=true}");
    assert!(!collected.is_empty());
}

#[test]
fn collections_share_what_they_both_want() {
    let mut client = open();
    let first = client.collect(&Wanted::events(&[Kind::Quote], ["SPY", "QQQ"]), after(9), start()).unwrap();
    sent(&mut client);
    client.receive(&data("Quote", &json!(["SPY", 0, 0, 1, 2, 3, 4])), start());
    let second = client.collect(&Wanted::events(&[Kind::Quote], ["SPY"]), after(9), start()).unwrap();
    let (finished, collected) = only(&mut client);
    assert_eq!((finished, collected.ended), (second, Ended::Complete), "it is known already");
    assert_eq!(sent(&mut client), Vec::<Value>::new(), "the first one still wants it");
    client.receive(&data("Quote", &json!(["QQQ", 0, 0, 1, 2, 3, 4])), start());
    assert_eq!(only(&mut client).0, first);
    assert_eq!(sent(&mut client)[0]["remove"].as_array().unwrap().len(), 2);
    client.collect(&Wanted::events(&[Kind::Quote], ["SPY"]), after(9), start()).unwrap();
    assert_eq!(sent(&mut client)[0]["add"].as_array().unwrap().len(), 1, "it is asked for anew");
}

#[test]
fn a_longer_series_is_asked_for_anew() {
    let mut client = open();
    let wanted = |from| Wanted::default().and_candles([daily(from)]);
    client.collect(&wanted(after(-100)), after(9), start()).unwrap();
    sent(&mut client);
    client.collect(&wanted(after(-50)), after(9), start()).unwrap();
    assert_eq!(sent(&mut client), Vec::<Value>::new(), "the longer one holds the shorter one");
    client.collect(&wanted(after(-200)), after(9), start()).unwrap();
    let frames = sent(&mut client);
    assert_eq!(frames[0]["remove"][0]["symbol"], "AAPL{=d,tho=true}");
    assert_eq!(frames[1]["add"][0]["fromTime"], after(-200).timestamp_millis());
}

#[test]
fn nobody_waits_for_a_collection_that_was_given_up() {
    let mut client = open();
    let id = client.collect(&Wanted::events(&[Kind::Quote], ["SPY"]), after(9), start()).unwrap();
    sent(&mut client);
    client.cancel(id, start());
    assert_eq!(sent(&mut client)[0]["remove"].as_array().unwrap().len(), 1);
    client.receive(&data("Quote", &json!(["SPY", 0, 0, 1, 2, 3, 4])), start());
    client.tick(after(9));
    assert!(client.take_finished().is_empty() && client.is_idle());
}

#[test]
fn nothing_wanted_is_complete_and_too_much_is_refused() {
    let mut client = open();
    client.collect(&Wanted::default(), after(9), start()).unwrap();
    assert_eq!(only(&mut client).1.ended, Ended::Complete);
    let symbols: Vec<_> = (0..10_001).map(|number| format!("S{number}")).collect();
    for (wanted, problem) in [
        (Wanted::events(&[Kind::Quote, Kind::Greeks], symbols), TooMuch::Subscriptions),
        (Wanted::default().and_candles((0..101).map(|_| daily(start()))), TooMuch::Series),
        (Wanted::events(&[Kind::Quote], [""]), TooMuch::Symbol),
        (Wanted::events(&[Kind::Quote], ["X".repeat(80)]), TooMuch::Symbol),
    ] {
        assert_eq!(client.collect(&wanted, after(9), start()), Err(problem));
    }
    assert!(client.is_idle());
}

#[test]
fn a_session_ends_for_a_reason() {
    let error = |word: &str| json!({ "type": "ERROR", "channel": 0, "error": word, "message": "x" }).to_string();
    let closed = r#"{"type":"CHANNEL_CLOSED","channel":1}"#.to_owned();
    for (frame, fault) in [
        (WHO.to_owned(), Fault::Unauthorized),
        (error("UNAUTHORIZED"), Fault::Unauthorized),
        (error("TIMEOUT"), Fault::Refused),
        (error("INVALID_MESSAGE"), Fault::Refused),
        (closed, Fault::ChannelClosed),
    ] {
        let mut client = open();
        client.collect(&Wanted::events(&[Kind::Quote], ["SPY"]), after(9), start()).unwrap();
        client.receive(&frame, start());
        assert_eq!(client.fault(), Some(fault), "{frame}");
        let (_, collected) = only(&mut client);
        assert_eq!((collected.ended, collected.missing.len()), (Ended::Broken(fault), 1));
        assert!(collected.is_empty() && sent(&mut client).is_empty());
        client.collect(&Wanted::events(&[Kind::Quote], ["SPY"]), after(9), start()).unwrap();
        assert_eq!(only(&mut client).1.ended, Ended::Broken(fault), "it does not come back to life");
        let told = domain::Error::from(fault);
        assert!(told.reason.retryable() && !told.message.is_empty());
    }
}

#[test]
fn silence_is_broken_by_this_side_and_ends_by_the_other() {
    let mut client = open();
    assert_eq!(client.wakes_at(), after(30));
    client.tick(after(29));
    assert!(sent(&mut client).is_empty());
    client.tick(after(30));
    assert_eq!(types(&sent(&mut client)), ["KEEPALIVE"]);
    client.receive(r#"{"type":"KEEPALIVE","channel":0}"#, after(40));
    client.tick(after(90));
    assert_eq!(client.fault(), None);
    client.tick(after(100));
    assert_eq!(client.fault(), Some(Fault::Silent));
}

#[test]
fn a_server_with_less_patience_is_told_more_often() {
    let mut client = Client::new("token", start());
    client.receive(&SETUP.replace("acceptKeepaliveTimeout\":60", "acceptKeepaliveTimeout\":10"), start());
    assert_eq!(client.wakes_at(), after(5));
    client.receive(&SETUP.replace("acceptKeepaliveTimeout\":60", "acceptKeepaliveTimeout\":0"), start());
    assert_eq!(client.wakes_at(), after(30), "that is not believed");
}

#[test]
fn a_few_broken_frames_are_skipped() {
    let mut client = open();
    client.collect(&Wanted::events(&[Kind::Quote], ["SPY"]), after(9), start()).unwrap();
    let whole = data("Quote", &json!(["SPY", 0, 0, 1, 2, 3, 4]));
    let short = data("Quote", &json!(["SPY", 0, 0]));
    let long = format!("{}{}", whole, " ".repeat(MAX_FRAME));
    for frame in
        [&whole[..20], "", "null", "[]", "{}", &short, &long, r#"{"type":"FEED_DATA","channel":1,"data":[[1]]}"#]
    {
        client.receive(frame, start());
        assert!(client.take_finished().is_empty(), "{}", &frame[..frame.len().min(60)]);
    }
    client.receive(&whole, start());
    assert_eq!(only(&mut client).1.ended, Ended::Complete);
    for _ in 0..20 {
        client.receive("{", start());
    }
    assert_eq!(client.fault(), Some(Fault::Unreadable));
}

/// A frame as a server might write it, right or wrong.
fn frame() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just(json!("NaN")),
        Just(json!("SPY")),
        Just(json!("AAPL{=d,tho=true}")),
        Just(Value::Null),
        Just(json!([1])),
        Just(json!({ "a": 1 })),
        any::<i64>().prop_map(|number| json!(number)),
        any::<f64>().prop_map(|number| json!(number)),
        (0_i64..128).prop_map(|flags| json!(flags)),
        ".{0,12}".prop_map(|text| json!(text)),
    ];
    let values = proptest::collection::vec(value, 0..30).prop_map(|values| json!(values));
    let kind = prop_oneof![Just("Quote"), Just("Candle"), Just("Greeks"), Just("Summary"), Just("Other")];
    let candles = proptest::collection::vec((0_i64..128, any::<i64>(), -5_i64..5), 0..8).prop_map(|events| {
        let values = events.into_iter().flat_map(|(flags, index, close)| {
            let close = if close < 0 { json!("NaN") } else { json!(close) };
            candle("AAPL{=d,tho=true}", flags, index % 1000, &close)
        });
        data("Candle", &json!(values.collect::<Vec<_>>()))
    });
    prop_oneof![
        proptest::sample::select(HANDSHAKE.to_vec()).prop_map(str::to_owned),
        (kind, values.clone()).prop_map(|(kind, values)| data(kind, &values)),
        values.prop_map(|values| json!({ "type": "FEED_DATA", "channel": 1, "data": values }).to_string()),
        candles,
        ".{0,40}",
        Just(config(&json!({ "Quote": ["bidPrice"], "Candle": [], "Greeks": ["eventSymbol", "delta"] }))),
        Just(r#"{"type":"KEEPALIVE","channel":0}"#.to_owned()),
    ]
}

proptest! {
    #[test]
    fn any_frames_at_any_time(steps in proptest::collection::vec((frame(), 0_i64..20, any::<bool>()), 0..40), cut in 0..60_usize) {
        let mut client = Client::new("token", start());
        let (mut now, mut begun, mut finished) = (start(), Vec::new(), Vec::new());
        for (index, (frame, seconds, ask)) in steps.into_iter().enumerate() {
            if ask {
                let wanted = Wanted::events(&[Kind::Quote, Kind::Greeks, Kind::Candle], ["SPY"])
                    .and_candles([daily(now - TimeDelta::days(seconds))]);
                begun.push(client.collect(&wanted, now + TimeDelta::seconds(5), now).unwrap());
            }
            let frame = if index == cut { frame.chars().take(9).collect() } else { frame };
            client.receive(&frame, now);
            now += TimeDelta::seconds(seconds);
            client.tick(now);
            prop_assert!(client.fault().is_some() || client.wakes_at() > now);
            for frame in sent(&mut client) {
                prop_assert!(frame["type"].is_string());
            }
            for (id, collected) in client.take_finished() {
                prop_assert_eq!(collected.missing.is_empty(), collected.ended == Ended::Complete);
                let stored = serde_json::to_string(&collected).unwrap();
                prop_assert_eq!(serde_json::from_str::<Collected>(&stored).unwrap(), collected);
                finished.push(id);
            }
        }
        client.tick(now + TimeDelta::seconds(5));
        finished.extend(client.take_finished().into_iter().map(|(id, _)| id));
        finished.sort_unstable();
        prop_assert_eq!(finished, begun, "each collection ends once");
    }
}
