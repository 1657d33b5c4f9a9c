//! The simulator from outside: calls go in, answers come out. Covers the login, tokens, permissions, faults, the control
//! handles and the wire shapes that clients rely on.

use std::cell::Cell;

use chrono::TimeDelta;
use domain::Timestamp;
use http::Method;
use serde_json::{Value, json};
use url::Url;

use crate::{call::Reply, state::State, world, world::World};

const CALLBACK: &str = "http://localhost:8787/oauth/callback";

/// Counts, so that every drawn id differs.
struct Counter(Cell<u8>);

impl vault::Entropy for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0.set(self.0.get().wrapping_add(1));
            *byte = self.0.get();
        }
    }
}

struct Bench {
    world: World,
    wall: Timestamp,
    entropy: Counter,
}

impl Bench {
    fn new() -> Self {
        // A Friday, 10:00 in New York.
        let wall = "2026-11-20T15:00:00Z".parse().unwrap();
        Self { world: World::new(State::default()), wall, entropy: Counter(Cell::new(0)) }
    }

    fn send(&mut self, request: http::request::Builder, body: &str) -> Reply {
        let call = request.header("host", "localhost:8788").body(body.as_bytes().to_vec()).unwrap();
        let started = world::start(&mut self.world, &call, self.wall);
        self.wall += TimeDelta::seconds(i64::try_from(started.wait_seconds).unwrap());
        world::finish(&mut self.world, started, &call, self.wall, &self.entropy)
    }

    fn get(&mut self, path: &str, token: &str) -> (u16, Value) {
        let request = http::Request::get(path)
            .header("user-agent", "test/1.0")
            .header("authorization", format!("Bearer {token}"))
            .header("accept-version", "20251101");
        read(self.send(request, ""))
    }

    fn post(&mut self, path: &str, body: &Value) -> (u16, Value) {
        let request =
            http::Request::post(path).header("user-agent", "test/1.0").header("content-type", "application/json");
        read(self.send(request, &body.to_string()))
    }

    fn form(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send(http::Request::post(path).header("content-type", "application/x-www-form-urlencoded"), &body)
    }

    /// Walks the pages up to the consent page; the attempt's id.
    fn log_in(&mut self, user: &str, scope: &str) -> String {
        let mut url = Url::parse("http://localhost/auth.html").unwrap();
        url.query_pairs_mut()
            .append_pair("client_id", "ttai-dev")
            .append_pair("redirect_uri", CALLBACK)
            .append_pair("response_type", "code")
            .append_pair("scope", scope)
            .append_pair("state", "s&t=1");
        let page = self.send(http::Request::get(url.as_str()), "");
        let attempt = attempt_of(&text(page));
        self.form("/auth.html", &[("attempt", &attempt), ("username", user), ("password", "simulator")]);
        let consent = text(self.form("/auth.html", &[("attempt", &attempt), ("code", "123456")]));
        assert!(consent.contains("Allow TTAI"), "{consent}");
        attempt
    }

    fn code(&mut self, user: &str, scope: &str) -> String {
        let attempt = self.log_in(user, scope);
        let answer = self.form("/auth.html", &[("attempt", &attempt), ("decision", "allow")]);
        let url = location(&answer);
        url.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned()
    }

    /// The tokens of a whole login.
    fn tokens(&mut self, user: &str) -> (String, String) {
        let code = self.code(user, "read openid");
        let (status, body) = self.post("/oauth/token", &exchange(&code));
        assert_eq!(status, 200, "{body}");
        let token = |name: &str| body[name].as_str().unwrap().to_owned();
        (token("access_token"), token("refresh_token"))
    }
}

fn exchange(code: &str) -> Value {
    json!({
        "grant_type": "authorization_code", "code": code, "client_id": "ttai-dev",
        "client_secret": "ttai-dev-secret-of-the-simulator", "redirect_uri": CALLBACK,
    })
}

fn refresh(token: &str, secret: &str) -> Value {
    json!({ "grant_type": "refresh_token", "client_secret": secret, "refresh_token": token })
}

fn text(reply: Reply) -> String {
    String::from_utf8(reply.into_body()).unwrap()
}

fn read(reply: Reply) -> (u16, Value) {
    (reply.status().as_u16(), serde_json::from_slice(reply.body()).unwrap_or_default())
}

fn location(reply: &Reply) -> Url {
    assert_eq!(reply.status(), 302);
    Url::parse(reply.headers()["location"].to_str().unwrap()).unwrap()
}

fn attempt_of(html: &str) -> String {
    html.split_once("name=\"attempt\" value=\"").unwrap().1.split_once('"').unwrap().0.to_owned()
}

fn element(html: &str, id: &str) -> String {
    html.split_once(&format!("id=\"{id}\">")).unwrap().1.split_once('<').unwrap().0.to_owned()
}

const DEV_SECRET: &str = "ttai-dev-secret-of-the-simulator";

#[test]
fn a_login_ends_in_tokens_and_the_customer() {
    let mut bench = Bench::new();
    let code = bench.code("trader", "read openid");
    let (status, body) = bench.post("/oauth/token", &exchange(&code));
    assert_eq!((status, &body["token_type"], &body["expires_in"]), (200, &json!("Bearer"), &json!(900)));
    assert!(body["id_token"].as_str().unwrap().starts_with("eyJ"));
    let access = body["access_token"].as_str().unwrap();
    let (status, me) = bench.get("/customers/me", access);
    assert_eq!(
        (status, &me["data"]["external-id"], &me["context"]),
        (200, &json!("U0001111111"), &json!("/customers/me"))
    );
    let (status, body) = bench.post("/oauth/token", &exchange(&code));
    assert_eq!((status, &body["error_code"]), (400, &json!("invalid_grant")), "a code is used once");
}

#[test]
fn wrong_answers_show_the_form_again_and_denial_goes_back() {
    let mut bench = Bench::new();
    let page = "/auth.html?client_id=ttai-dev&response_type=code&scope=read&state=x&redirect_uri=";
    let first = bench.send(http::Request::get(format!("{page}{CALLBACK}")), "");
    assert!(!first.headers()["content-security-policy"].to_str().unwrap().contains("form-action"));
    let attempt = attempt_of(&text(first));
    let wrong = bench.form("/auth.html", &[("attempt", &attempt), ("username", "<b>"), ("password", "no")]);
    assert_eq!(wrong.status(), 401);
    let wrong = text(wrong);
    assert!(wrong.contains("is wrong") && wrong.contains("&#60;b&#62;") && !wrong.contains("<b>"), "{wrong}");
    bench.form("/auth.html", &[("attempt", &attempt), ("username", "TRADER@example.com"), ("password", "simulator")]);
    let wrong = text(bench.form("/auth.html", &[("attempt", &attempt), ("code", "000000")]));
    assert!(wrong.contains("The code is wrong"));
    bench.form("/auth.html", &[("attempt", &attempt), ("code", "123456")]);
    let denied = location(&bench.form("/auth.html", &[("attempt", &attempt), ("decision", "deny")]));
    assert!(denied.query().unwrap().starts_with("error=access_denied&error_description="));
    assert!(denied.query().unwrap().ends_with("&state=x"));
    let again = bench.form("/auth.html", &[("attempt", &attempt), ("decision", "allow")]);
    assert_eq!(again.status(), 400, "a login ends once");
}

#[test]
fn unknown_applications_and_addresses_are_not_redirected() {
    let mut bench = Bench::new();
    for query in [
        "client_id=other&redirect_uri=http://localhost:1/oauth/callback&response_type=code",
        "client_id=ttai-dev&redirect_uri=http://evil.example/oauth/callback&response_type=code",
        "client_id=ttai-dev&response_type=code",
    ] {
        let reply = bench.send(http::Request::get(format!("/auth.html?{query}")), "");
        assert_eq!(reply.status(), 400, "{query}");
    }
    let query = format!("client_id=ttai-dev&redirect_uri={CALLBACK}&response_type=token&state=1");
    let back = location(&bench.send(http::Request::get(format!("/auth.html?{query}")), ""));
    assert_eq!(back.query(), Some("error=unsupported_response_type&state=1"));
}

#[test]
fn codes_expire_and_belong_to_their_address() {
    let mut bench = Bench::new();
    let code = bench.code("trader", "read");
    bench.wall += TimeDelta::seconds(61);
    assert_eq!(bench.post("/oauth/token", &exchange(&code)).0, 400);
    let code = bench.code("trader", "read");
    let mut other = exchange(&code);
    other["redirect_uri"] = json!("http://localhost:9999/oauth/callback");
    assert_eq!(bench.post("/oauth/token", &other).1["error_code"], "invalid_grant");
}

#[test]
fn the_token_endpoint_refuses_by_name() {
    let mut bench = Bench::new();
    let (access, token) = bench.tokens("trader");
    for (body, code) in [
        (json!({}), "invalid_request"),
        (json!({ "grant_type": "password" }), "unsupported_grant_type"),
        (json!({ "grant_type": "refresh_token" }), "invalid_request"),
        (refresh("nonsense", DEV_SECRET), "invalid_grant"),
        (refresh(&access, DEV_SECRET), "invalid_grant"),
        (refresh(&token, "other"), "invalid_client"),
        (exchange("nonsense"), "invalid_grant"),
    ] {
        let (status, answer) = bench.post("/oauth/token", &body);
        assert_eq!((status, answer["error_code"].as_str()), (400, Some(code)), "{body}");
    }
    let invalid = bench.post("/oauth/token", &refresh("nonsense", DEV_SECRET)).1;
    assert_eq!(invalid, json!({ "error_code": "invalid_grant", "error_description": "Invalid JWT" }));
    let (status, answer) = bench.post("/oauth/token", &refresh(&token, DEV_SECRET));
    assert_eq!((status, answer.get("refresh_token")), (200, None), "refresh tokens are not rotated");
    let form = format!("grant_type=refresh_token&refresh_token={token}&client_secret={DEV_SECRET}");
    let request = http::Request::post("/oauth/token")
        .header("user-agent", "t/1")
        .header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(bench.send(request, &form).status(), 200);
    let silent = http::Request::post("/oauth/token").header("content-type", "application/json");
    assert_eq!(bench.send(silent, "{}").status(), 401);
    assert_eq!(bench.world.state().mints.total, 3);
}

#[test]
fn every_call_is_checked_in_order() {
    let mut bench = Bench::new();
    let (access, _) = bench.tokens("trader");
    let bare = |path: &str| http::Request::get(path.to_owned());
    assert_eq!(bench.send(bare("/customers/me"), "").status(), 401, "no user agent");
    let old = bare("/customers/me").header("user-agent", "t/1").header("accept-version", "20200101");
    let (status, body) = read(bench.send(old, ""));
    assert_eq!((status, &body["error"]["code"]), (406, &json!(406)));
    assert_eq!(bench.get("/customers/me", "x").1["error"]["code"], "token_invalid");
    assert_eq!(bench.get("/nowhere", &access).0, 404);
    let (status, body) = bench.get("/accounts/5WX20001/positions", &access);
    assert_eq!((status, &body["error"]["code"]), (403, &json!("not_permitted")));
    assert_eq!(bench.get("/accounts/5WX99999/positions", &access).0, 404);
    assert_eq!(bench.get("/accounts/5WX10001/balances/EUR", &access).0, 404);
    bench.wall += TimeDelta::seconds(901);
    assert_eq!(bench.get("/customers/me", &access).0, 401, "expired");
    let code = bench.code("trader", "openid");
    let body = bench.post("/oauth/token", &exchange(&code)).1;
    let (status, _) = bench.get("/customers/me", body["access_token"].as_str().unwrap());
    assert_eq!(status, 403, "without the scope");
}

#[test]
fn figures_of_an_account_agree_over_the_wire() {
    let mut bench = Bench::new();
    let (access, _) = bench.tokens("trader");
    let accounts = bench.get("/customers/me/accounts", &access).1;
    let numbers: Vec<&str> = accounts["data"]["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["account"]["account-number"].as_str().unwrap())
        .collect();
    assert_eq!(numbers, ["5WX10001", "5WX10002"]);
    for number in numbers {
        let balance = bench.get(&format!("/accounts/{number}/balances/USD"), &access).1;
        let list = bench.get(&format!("/accounts/{number}/balances"), &access).1;
        assert_eq!(list["data"]["items"][0], balance["data"]);
        let positions = bench.get(&format!("/accounts/{number}/positions?include-marks=true"), &access).1;
        let number_of = |value: &Value| value.as_str().unwrap().parse::<rust_decimal::Decimal>().unwrap();
        let mut net = number_of(&balance["data"]["cash-balance"]);
        for item in positions["data"]["items"].as_array().unwrap() {
            let sign = if item["quantity-direction"] == "Short" {
                -rust_decimal::Decimal::ONE
            } else {
                rust_decimal::Decimal::ONE
            };
            net += sign * number_of(&item["mark"]);
            let symbol = item["symbol"].as_str().unwrap().replace(' ', "%20");
            let kind = item["instrument-type"].as_str().unwrap().replace(' ', "%20");
            let quote = bench.get(&format!("/market-data/{kind}/{symbol}"), &access).1;
            assert_eq!(quote["data"]["mark"], item["mark-price"]);
            for name in
                "account-number symbol instrument-type underlying-symbol quantity quantity-direction close-price \
                         average-open-price multiplier cost-effect is-suppressed is-frozen realized-day-gain \
                         realized-today created-at updated-at"
                    .split_whitespace()
            {
                assert!(!item[name].is_null(), "{name}");
            }
        }
        assert_eq!(number_of(&balance["data"]["net-liquidating-value"]), net);
        let filtered = bench.get(&format!("/accounts/{number}/positions?instrument-type=Equity"), &access).1;
        assert!(filtered["data"]["items"].as_array().unwrap().iter().all(|item| item["mark"].is_null()));
        let status = bench.get(&format!("/accounts/{number}/trading-status"), &access).1;
        assert!(status["data"]["options-level"].is_string());
    }
}

#[test]
fn market_data_know_what_is_listed() {
    let mut bench = Bench::new();
    let (access, _) = bench.tokens("trader");
    let path = "/market-data/by-type?equity=SPY&equity[]=AAPL,NOPE&index=SPX&equity=SPX&index=SPY\
                &equity-option=SPY+++261218P00600000";
    let (_, body) = bench.get(path, &access);
    let symbols: Vec<&str> =
        body["data"]["items"].as_array().unwrap().iter().map(|item| item["symbol"].as_str().unwrap()).collect();
    assert_eq!(symbols, ["SPY", "AAPL", "SPX", "SPY   261218P00600000"]);
    assert!(body["data"]["items"][2].get("bid").is_none());
    for item in body["data"]["items"].as_array().unwrap() {
        for name in "symbol instrument-type updated-at bid-size ask-size close-price-type summary-date prev-close-date \
                     prev-close-price-type halt-start-time halt-end-time"
            .split_whitespace()
        {
            assert!(!item[name].is_null(), "{name}");
        }
    }
    assert_eq!(bench.get("/market-data/by-type", &access).0, 400);
    let many: String = (0..101).map(|_| "&equity=SPY").collect();
    assert_eq!(bench.get(&format!("/market-data/by-type?x=1{many}"), &access).0, 400);
    assert_eq!(bench.get("/market-data/Equity/NOPE", &access).0, 404);
    let metrics = bench.get("/market-metrics?symbols=AAPL,NOPE,SPX", &access).1;
    assert_eq!(metrics["data"]["items"].as_array().unwrap().len(), 2);
    let session = bench.get("/market-time/sessions/current?instrument-collections[]=Equity", &access).1;
    assert_eq!(session["data"]["items"][0]["state"], "Open");
    assert_eq!(session["data"]["items"][0]["next-session"]["session-date"], "2026-11-23");
}

#[test]
fn an_order_goes_through_the_books_and_is_told() {
    let mut bench = Bench::new();
    let made = bench.post("/sim/grant", &json!({ "user": "saver" })).1;
    let body = refresh(made["refresh_token"].as_str().unwrap(), made["client_secret"].as_str().unwrap());
    let access = bench.post("/oauth/token", &body).1["access_token"].as_str().unwrap().to_owned();
    let send = |bench: &mut Bench, method: Method, path: &str, body: &Value| {
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("user-agent", "t/1")
            .header("authorization", format!("Bearer {access}"));
        read(bench.send(request, &body.to_string()))
    };
    let cash =
        |bench: &mut Bench| bench.get("/accounts/5WX50001/balances/USD", &access).1["data"]["cash-balance"].clone();
    let order = |price: &str| {
        json!({
            "order-type": "Limit", "time-in-force": "Day", "price": price, "price-effect": "Debit",
            "legs": [{ "instrument-type": "Equity", "symbol": "KO", "quantity": 5, "action": "Buy to Open" }],
        })
    };
    let before = cash(&mut bench);
    let (status, tried) = send(&mut bench, Method::POST, "/accounts/5WX50001/orders/dry-run", &order("1000"));
    assert_eq!((status, &tried["data"]["order"]["status"]), (201, &json!("Received")), "{tried}");
    assert_eq!(tried["data"]["buying-power-effect"]["effect"], "Debit");
    assert_eq!(cash(&mut bench), before, "a try changes nothing");
    let (_, placed) = send(&mut bench, Method::POST, "/accounts/5WX50001/orders", &order("1.00"));
    let path = format!("/accounts/5WX50001/orders/{}", placed["data"]["order"]["id"]);
    assert_eq!(bench.get(&path, &access).1["data"]["status"], "Live");
    let (_, replaced) = send(&mut bench, Method::PUT, &path, &order("1000"));
    assert_eq!(bench.get(&path, &access).1["data"]["status"], "Cancelled");
    let path = format!("/accounts/5WX50001/orders/{}", replaced["data"]["id"]);
    let filled = bench.get(&path, &access).1["data"].clone();
    assert_eq!((&filled["status"], &filled["legs"][0]["remaining-quantity"]), (&json!("Filled"), &json!(0)));
    let newest = bench.get("/accounts/5WX50001/transactions?per-page=1", &access).1["data"]["items"][0].clone();
    assert_eq!((&newest["order-id"], &newest["value-effect"]), (&filled["id"], &json!("Debit")));
    assert_ne!(cash(&mut bench), before);
    assert_eq!(send(&mut bench, Method::DELETE, &path, &Value::Null).0, 422, "what is filled is not cancelled");
    let kept = serde_json::to_string(bench.world.state()).unwrap();
    bench.world = World::new(serde_json::from_str(&kept).unwrap());
    assert_eq!(bench.get(&path, &access).1["data"], filled, "orders survive a restart");
    // A day order that nobody fills ends with its session.
    let (_, placed) = send(&mut bench, Method::POST, "/accounts/5WX50001/orders", &order("2.00"));
    bench.post("/sim/clock", &json!({ "advance_s": 86_400 }));
    let path = format!("/accounts/5WX50001/orders/{}", placed["data"]["order"]["id"]);
    assert_eq!(bench.get(&path, &access).1["data"]["status"], "Expired");
}

/// A token of the savings account's owner, and what calls with it come to.
fn saver(bench: &mut Bench) -> String {
    let made = bench.post("/sim/grant", &json!({ "user": "saver" })).1;
    let body = refresh(made["refresh_token"].as_str().unwrap(), made["client_secret"].as_str().unwrap());
    bench.post("/oauth/token", &body).1["access_token"].as_str().unwrap().to_owned()
}

fn call(bench: &mut Bench, access: &str, method: Method, path: &str, body: &Value) -> (u16, Value) {
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .header("user-agent", "t/1")
        .header("authorization", format!("Bearer {access}"));
    read(bench.send(request, &body.to_string()))
}

const ORDERS: &str = "/accounts/5WX50001/orders";

/// What the streamer has told about one order since the beginning: its stages, and how much of it remained.
fn told(bench: &Bench, id: &Value) -> Vec<(String, i64)> {
    let news = bench.world.state().news.texts().map(|text| serde_json::from_str::<Value>(text).unwrap());
    news.filter(|news| news["type"] == "Order" && news["data"]["id"] == *id)
        .map(|news| {
            let remaining = news["data"]["legs"][0]["remaining-quantity"].as_i64().unwrap();
            (news["data"]["status"].as_str().unwrap().to_owned(), remaining)
        })
        .collect()
}

fn shares(price: &str, quantity: u32) -> Value {
    json!({
        "order-type": "Limit", "time-in-force": "GTC", "price": price, "price-effect": "Debit",
        "legs": [{ "instrument-type": "Equity", "symbol": "F", "quantity": quantity, "action": "Buy to Open" }],
    })
}

#[test]
fn a_large_order_is_filled_in_parts_and_every_stage_is_told() {
    let mut bench = Bench::new();
    let access = saver(&mut bench);
    let (status, placed) = call(&mut bench, &access, Method::POST, ORDERS, &shares("20", 1500));
    assert_eq!(status, 201, "{placed}");
    let id = placed["data"]["order"]["id"].clone();
    let path = format!("{ORDERS}/{id}");
    let mut steps = 0;
    let filled = loop {
        let order = bench.get(&path, &access).1["data"].clone();
        if order["status"] == "Filled" {
            break order;
        }
        assert_eq!(order["status"], "Live");
        bench.wall += TimeDelta::seconds(1);
        steps += 1;
        assert!(steps < 40, "{order}");
    };
    let fills = filled["legs"][0]["fills"].as_array().unwrap();
    assert!(fills.len() > 1, "{filled}");
    assert_eq!(fills.iter().map(|fill| fill["quantity"].as_i64().unwrap()).sum::<i64>(), 1500);
    let ids: std::collections::BTreeSet<_> = fills.iter().map(|fill| fill["fill-id"].to_string()).collect();
    assert_eq!(ids.len(), fills.len());
    let stages = told(&bench, &id);
    let names: Vec<&str> = stages.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names[..4], ["Received", "Routed", "In Flight", "Live"]);
    assert_eq!(names.last(), Some(&"Filled"));
    assert!(
        stages.windows(2).all(|pair| pair[1].1 <= pair[0].1) && stages.iter().any(|(_, left)| (1..1500).contains(left))
    );
    let trades = bench.get("/accounts/5WX50001/transactions?per-page=50", &access).1;
    let own: Vec<&Value> =
        trades["data"]["items"].as_array().unwrap().iter().filter(|entry| entry["order-id"] == id).collect();
    assert_eq!(own.len(), fills.len(), "a line for each part");
    let positions = bench.get("/accounts/5WX50001/positions?symbol=F", &access).1;
    assert_eq!(positions["data"]["items"][0]["quantity"], "1500");
}

#[test]
fn what_is_filled_in_part_is_cancelled_or_replaced_for_the_rest() {
    let mut bench = Bench::new();
    bench.post("/sim/clock", &json!({ "now": "2026-11-20T15:00:00Z", "frozen": true }));
    let access = saver(&mut bench);
    bench.post("/sim/price", &json!({ "symbol": "F", "price": 5 }));
    let place = |bench: &mut Bench, order: &Value| {
        let (status, placed) = call(bench, &access, Method::POST, ORDERS, order);
        assert_eq!(status, 201, "{placed}");
        placed["data"]["order"]["id"].clone()
    };
    let id = place(&mut bench, &shares("6", 1500));
    let path = format!("{ORDERS}/{id}");
    let resting = bench.get(&path, &access).1["data"].clone();
    let left = resting["legs"][0]["remaining-quantity"].as_i64().unwrap();
    assert!((1..1500).contains(&left), "the clock stands still: {resting}");
    let (_, new) =
        call(&mut bench, &access, Method::PATCH, &path, &json!({ "price": "1.00", "price-effect": "Debit" }));
    assert_eq!(new["data"]["legs"][0]["quantity"], left);
    let names: Vec<String> = told(&bench, &id).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names[names.len() - 2..], ["Replace Requested", "Cancelled"]);
    let old = bench.get(&path, &access).1["data"].clone();
    assert_eq!((&old["replacing-order-id"], &old["edited"]), (&new["data"]["id"], &json!(true)));
    let path = format!("{ORDERS}/{}", new["data"]["id"]);
    assert_eq!(call(&mut bench, &access, Method::POST, &format!("{path}/reconfirm"), &json!({})).0, 200);
    assert_eq!(call(&mut bench, &access, Method::DELETE, &path, &Value::Null).1["data"]["status"], "Cancelled");
    let names: Vec<String> = told(&bench, &new["data"]["id"]).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["Received", "Routed", "In Flight", "Live", "Cancel Requested", "Cancelled"]);
    let mut at_once = shares("6", 1500);
    at_once["time-in-force"] = json!("IOC");
    let id = place(&mut bench, &at_once);
    let ended = bench.get(&format!("{ORDERS}/{id}"), &access).1["data"].clone();
    assert_eq!(ended["status"], "Cancelled");
    assert!(ended["legs"][0]["remaining-quantity"].as_i64().unwrap() < 1500);
}

#[test]
fn an_order_waits_for_its_conditions() {
    let mut bench = Bench::new();
    let access = saver(&mut bench);
    bench.post("/sim/price", &json!({ "symbol": "KO", "price": 70 }));
    let with = |rules: Value| {
        let mut order = shares("20", 5);
        order["rules"] = rules;
        order
    };
    let condition = |action: &str, comparator: &str, threshold: &str| {
        json!({ "conditions": [{
            "action": action, "symbol": "KO", "instrument-type": "Equity", "indicator": "last",
            "comparator": comparator, "threshold": threshold,
        }] })
    };
    let place = |bench: &mut Bench, rules: Value| {
        let (status, placed) = call(bench, &access, Method::POST, ORDERS, &with(rules));
        assert_eq!(status, 201, "{placed}");
        format!("{ORDERS}/{}", placed["data"]["order"]["id"])
    };
    let routed = place(&mut bench, condition("route", "lte", "60"));
    let cancelled = place(
        &mut bench,
        json!({
            "route-after": "2026-11-21T00:00:00Z", "conditions": condition("cancel", "lte", "60")["conditions"],
        }),
    );
    let later = place(&mut bench, json!({ "route-after": "2026-11-20T15:10:00Z" }));
    let status = |bench: &mut Bench, path: &str| bench.get(path, &access).1["data"]["status"].clone();
    for path in [&routed, &cancelled, &later] {
        assert_eq!(status(&mut bench, path), "Contingent");
    }
    bench.post("/sim/price", &json!({ "symbol": "KO", "price": 55 }));
    assert_eq!(status(&mut bench, &routed), "Filled");
    assert_eq!(status(&mut bench, &cancelled), "Cancelled");
    assert_eq!(status(&mut bench, &later), "Contingent");
    bench.wall += TimeDelta::minutes(11);
    let order = bench.get(&later, &access).1["data"].clone();
    assert_eq!(order["status"], "Filled");
    assert!(order["order-rule"]["routed-at"].is_string());
    let (status, refused) = call(&mut bench, &access, Method::POST, ORDERS, &with(condition("route", "near", "60")));
    assert_eq!((status, &refused["error"]["errors"][0]["domain"]), (400, &json!("rules.conditions")));
}

#[test]
fn quote_alerts_go_off_once() {
    let mut bench = Bench::new();
    let access = saver(&mut bench);
    bench.post("/sim/price", &json!({ "symbol": "KO", "price": 70 }));
    let alert = |operator: &str, threshold: &str| json!({ "symbol": "KO", "field": "Last", "operator": operator, "threshold": threshold, "instrument-type": "Equity" });
    for (body, domain) in [
        (json!({}), "symbol"),
        (json!({ "symbol": "NOPE", "field": "Last", "operator": ">", "threshold": "1" }), "symbol"),
        (json!({ "symbol": "KO", "field": "Volume", "operator": ">", "threshold": "1" }), "field"),
        (json!({ "symbol": "KO", "field": "Last", "operator": "=", "threshold": "1" }), "operator"),
        (json!({ "symbol": "KO", "field": "Last", "operator": ">", "threshold": "much" }), "threshold"),
    ] {
        let (status, answer) = call(&mut bench, &access, Method::POST, "/quote-alerts", &body);
        assert_eq!((status, &answer["error"]["errors"][0]["domain"]), (400, &json!(domain)), "{body}");
    }
    let (status, made) = call(&mut bench, &access, Method::POST, "/quote-alerts", &alert("<", "60"));
    assert_eq!((status, &made["data"]["user-external-id"]), (201, &json!("U0005555555")));
    call(&mut bench, &access, Method::POST, "/quote-alerts", &alert(">", "60000"));
    let list = |bench: &mut Bench| bench.get("/quote-alerts", &access).1["data"]["items"].clone();
    assert_eq!(list(&mut bench).as_array().unwrap().len(), 2);
    assert!(list(&mut bench)[0].get("triggered-at").is_none());
    bench.post("/sim/price", &json!({ "symbol": "KO", "price": 55 }));
    assert!(list(&mut bench)[0]["triggered-at"].is_string() && list(&mut bench)[1].get("triggered-at").is_none());
    bench.wall += TimeDelta::seconds(5);
    list(&mut bench);
    let news = bench.world.state().news.texts().filter(|text| text.contains("\"QuoteAlert\"")).count();
    assert_eq!(news, 1, "told once");
    let path = format!("/quote-alerts/{}", made["data"]["alert-external-id"].as_str().unwrap());
    let (other, _) = bench.tokens("second");
    assert_eq!(call(&mut bench, &other, Method::DELETE, &path, &Value::Null).0, 404, "somebody else's");
    assert_eq!(call(&mut bench, &access, Method::DELETE, &path, &Value::Null).0, 204);
    assert_eq!(call(&mut bench, &access, Method::DELETE, &path, &Value::Null).0, 404);
}

#[test]
fn lists_come_in_pages_and_bad_parameters_are_named() {
    let mut bench = Bench::new();
    let (access, _) = bench.tokens("trader");
    let path = "/accounts/5WX10001/transactions?per-page=7&page-offset=2&sort=Asc";
    let page = bench.get(path, &access).1;
    assert_eq!(page["pagination"]["item-offset"], 14);
    assert_eq!(page["data"]["items"].as_array().unwrap().len(), 7);
    let all = page["pagination"]["total-items"].as_u64().unwrap();
    assert_eq!(page["pagination"]["total-pages"], all.div_ceil(7));
    for (path, domain) in [
        ("/accounts/5WX10001/transactions?per-page=0", "per-page"),
        ("/accounts/5WX10001/transactions?start-date=soon", "start-date"),
        ("/accounts/5WX10001/transactions?start-at=2026-11-01T00:00:00+00:00&sort=Up", "sort"),
        ("/accounts/5WX10001/balance-snapshots", "time-of-day"),
        ("/accounts/5WX10001/net-liq/history?time-back=2d", "time-back"),
        ("/market-time/sessions", "to-date"),
        ("/market-metrics/historic-corporate-events/earnings-reports/AAPL", "start-date"),
    ] {
        let (status, body) = bench.get(path, &access);
        assert_eq!((status, &body["error"]["errors"][0]["domain"]), (400, &json!(domain)), "{path}");
    }
    for path in
        ["/option-chains/NOPE/nested", "/option-chains/BTC%2FUSD", "/instruments/equities/NOPE", "/watchlists/None"]
    {
        assert_eq!(bench.get(path, &access).0, 404, "{path}");
    }
    let (_, public) = bench.get("/margin-requirements-public-configuration", "no token at all");
    assert_eq!(public["data"]["risk-free-rate"], "0.0372");
    let (status, body) =
        bench.get("/accounts/5WX10001/positions?underlying-symbol[]=AAPL&underlying-symbol[]=KO", &access);
    assert_eq!(status, 200);
    assert!(body["data"]["items"].as_array().unwrap().iter().all(|item| item["underlying-symbol"] == "AAPL"));
}

#[test]
fn special_users_are_special() {
    let mut bench = Bench::new();
    let (newcomer, _) = bench.tokens("newcomer");
    let me = bench.get("/customers/me", &newcomer).1;
    assert!(me["data"].get("external-id").is_none() && me["data"]["id"].is_string());
    let (delayed, _) = bench.tokens("delayed");
    assert_eq!(bench.get("/customers/me", &delayed).1["data"]["has-delayed-quotes"], true);
    let quote = bench.get("/market-data/Equity/SPY", &delayed).1;
    assert_eq!(quote["data"]["updated-at"], "2026-11-20T14:45:00.000Z");
}

#[test]
fn faults_come_as_ordered_and_go() {
    let mut bench = Bench::new();
    let (access, token) = bench.tokens("trader");
    let path = "/accounts/5WX10001/balances";
    for (fault, expected) in [("401", 401), ("429", 429), ("500", 500), ("502html", 502), ("revoked", 401)] {
        bench.post(
            "/sim/faults",
            &json!({ "path": "/accounts/*/balances", "fault": fault, "times": 2, "retry_after": 7 }),
        );
        let request = http::Request::get(path).header("user-agent", "t/1");
        let reply = bench.send(request, "");
        assert_eq!(reply.status(), expected);
        assert_eq!(reply.headers().contains_key("retry-after"), expected == 429);
        assert_eq!(bench.get(path, &access).0, expected);
        assert_eq!(bench.get(path, &access).0, 200);
    }
    bench.post("/sim/faults", &json!({ "path": "/oauth/token", "fault": "revoked" }));
    assert_eq!(bench.post("/oauth/token", &refresh(&token, DEV_SECRET)).1["error_code"], "invalid_grant");
    assert_eq!(bench.post("/oauth/token", &refresh(&token, DEV_SECRET)).0, 200);
    bench.post("/sim/faults", &json!({ "path": path, "fault": "hang", "seconds": 5 }));
    let before = bench.wall;
    assert_eq!(bench.get(path, &access).0, 200);
    assert_eq!(bench.wall - before, TimeDelta::seconds(5));
    for fault in ["truncated", "wrong_types", "reset"] {
        bench.post("/sim/faults", &json!({ "path": path, "fault": fault }));
        let request =
            http::Request::get(path).header("user-agent", "t/1").header("authorization", format!("Bearer {access}"));
        let reply = bench.send(request, "");
        assert_eq!(reply.status(), 200);
        let body = serde_json::from_slice::<Value>(reply.body());
        match fault {
            "truncated" => assert!(body.is_err()),
            "wrong_types" => assert!(body.unwrap()["data"]["items"][0]["cash-balance"].is_array()),
            _ => assert!(reply.extensions().get::<crate::faults::Broken>().is_some()),
        }
    }
    bench.post("/sim/faults", &json!({ "path": "*", "fault": "500", "times": null }));
    assert_eq!(bench.get(path, &access).0, 500);
    read(bench.send(http::Request::delete("/sim/faults"), ""));
    assert_eq!(bench.get(path, &access).0, 200);
    assert_eq!(bench.post("/sim/faults", &json!({ "path": "*", "fault": "418" })).0, 400);
}

#[test]
fn revoked_and_expired_tokens_stop_working() {
    let mut bench = Bench::new();
    let (access, token) = bench.tokens("trader");
    let (other, _) = bench.tokens("second");
    bench.post("/sim/expire-access", &json!({ "user": "trader" }));
    assert_eq!(bench.get("/customers/me", &access).0, 401);
    let fresh = bench.post("/oauth/token", &refresh(&token, DEV_SECRET)).1;
    let fresh = fresh["access_token"].as_str().unwrap().to_owned();
    assert_eq!(bench.get("/customers/me", &fresh).0, 200);
    assert_eq!(bench.post("/sim/revoke", &json!({ "user": "trader" })).1["revoked"], 1);
    assert_eq!(bench.get("/customers/me", &fresh).0, 401);
    assert_eq!(bench.post("/oauth/token", &refresh(&token, DEV_SECRET)).1["error_code"], "invalid_grant");
    assert_eq!(bench.get("/customers/me", &other).0, 200);
    bench.post("/sim/access-lifetime", &json!({ "seconds": 5 }));
    let (short, _) = bench.tokens("trader");
    bench.wall += TimeDelta::seconds(6);
    assert_eq!(bench.get("/customers/me", &short).0, 401);
}

#[test]
fn a_grant_for_the_own_application_works_and_can_be_revoked() {
    let mut bench = Bench::new();
    let attempt = attempt_of(&text(bench.send(http::Request::get("/grants"), "")));
    bench.form("/grants", &[("attempt", &attempt), ("username", "second"), ("password", "simulator")]);
    let page = text(bench.form("/grants", &[("attempt", &attempt), ("code", "123456")]));
    let secret = element(&page, "new-client-secret");
    let page = text(bench.form("/grants", &[("attempt", &attempt), ("action", "create")]));
    assert!(!page.contains("new-client-secret"));
    assert_eq!(element(&page, "client-secret"), secret);
    let token = element(&page, "refresh-token");
    assert_eq!(bench.post("/oauth/token", &refresh(&token, DEV_SECRET)).1["error_code"], "invalid_client");
    let access = bench.post("/oauth/token", &refresh(&token, &secret)).1["access_token"].as_str().unwrap().to_owned();
    assert_eq!(bench.get("/customers/me", &access).1["data"]["first-name"], "Sam");
    let id = page.split_once("name=\"grant\" value=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
    let page = text(bench.form("/grants", &[("attempt", &attempt), ("action", "revoke"), ("grant", &id)]));
    assert!(page.contains("No application has access"));
    assert_eq!(bench.post("/oauth/token", &refresh(&token, &secret)).0, 400);
    let made = bench.post("/sim/grant", &json!({ "user": "second" })).1;
    let (token, again) = (made["refresh_token"].as_str().unwrap(), made["client_secret"].as_str().unwrap());
    assert_eq!(again, secret);
    assert_eq!(bench.post("/oauth/token", &refresh(token, again)).0, 200);
}

#[test]
fn the_clock_and_prices_are_set_by_hand() {
    let mut bench = Bench::new();
    let (access, _) = bench.tokens("trader");
    bench.post("/sim/clock", &json!({ "now": "2026-12-25T15:00:00Z", "frozen": true }));
    let session =
        |bench: &mut Bench| bench.get("/market-time/sessions/current", &access).1["data"]["items"][0]["state"].clone();
    assert_eq!(session(&mut bench), "Closed");
    let moved = bench.post("/sim/clock", &json!({ "advance_s": 3 * 86_400 })).1;
    assert_eq!((&moved["now"], &moved["clock"]["kind"]), (&json!("2026-12-28T15:00:00.000+00:00"), &json!("frozen")));
    assert_eq!(session(&mut bench), "Open");
    let quote = |bench: &mut Bench| bench.get("/market-data/Equity/NVDA", &access).1["data"].clone();
    let before = quote(&mut bench);
    bench.post("/sim/price", &json!({ "symbol": "NVDA", "price": "50.25" }));
    let after = quote(&mut bench);
    assert_eq!((&after["last"], &after["day-low-price"]), (&json!("50.25"), &json!("50.25")));
    assert_eq!(after["prev-close"], before["prev-close"]);
    assert_eq!(bench.post("/sim/price", &json!({ "symbol": "NOPE", "price": 1 })).0, 400);
    assert_eq!(bench.post("/sim/price", &json!({ "symbol": "KO", "price": -1 })).0, 400);
    assert_eq!(bench.post("/sim/clock", &json!({ "now": "1999-01-01T00:00:00Z" })).0, 400);
    assert_eq!(bench.post("/sim/clock", &Value::Null).1["clock"]["kind"], "wall");
    bench.post("/sim/clock", &json!({ "advance_s": 60 }));
    assert_eq!(bench.post("/sim/clock", &json!({ "now": null })).1["clock"]["kind"], "wall");
}

#[test]
fn control_is_for_loopback_hosts_and_counts() {
    let mut bench = Bench::new();
    let (access, _) = bench.tokens("trader");
    bench.get("/accounts/5WX10001/balances", &access);
    let (_, state) = read(bench.send(http::Request::get("/sim/state"), ""));
    assert_eq!((&state["mints"]["total"], &state["in_flight"]), (&json!(1), &json!(0)));
    assert_eq!(state["requests"], json!({ "/oauth/token": 1, "/accounts/{n}/balances": 1 }));
    let (_, requests) = read(bench.send(http::Request::get("/sim/requests"), ""));
    assert_eq!((&requests[1]["status"], &requests[1]["took_ms"]), (&json!(200), &json!(0)));
    for (host, expected) in [
        ("localhost:8788", true),
        ("127.0.0.1", true),
        ("[::1]:80", true),
        ("evil.example", false),
        ("localhost.evil", false),
    ] {
        let call = http::Request::get("/sim/state").header("host", host).body(Vec::new()).unwrap();
        assert_eq!(crate::control::is_local(&call), expected, "{host}");
    }
    let call =
        http::Request::get("http://evil.example/sim/state").header("host", "localhost").body(Vec::new()).unwrap();
    assert!(!crate::control::is_local(&call));
}

#[test]
fn what_is_kept_reads_again() {
    let mut bench = Bench::new();
    let (access, _) = bench.tokens("trader");
    bench.log_in("second", "read");
    bench.post("/sim/price", &json!({ "symbol": "KO", "price": 60 }));
    bench.post("/sim/faults", &json!({ "path": "/x", "fault": "hang" }));
    bench.post("/sim/clock", &json!({ "advance_s": 10 }));
    let kept = serde_json::to_string(bench.world.state()).unwrap();
    let read: State = serde_json::from_str(&kept).unwrap();
    assert_eq!(&read, bench.world.state());
    bench.world = World::new(read);
    assert_eq!(bench.get("/customers/me", &access).0, 200);
    bench.post("/sim/reset", &json!({ "seed": 5 }));
    assert_eq!(bench.get("/customers/me", &access).0, 401);
    assert_eq!(bench.world.state().seed, 5);
}

/// Names of parameters that the endpoints know.
const PARAMETERS: [&str; 18] = [
    "symbol",
    "symbols",
    "per-page",
    "page-offset",
    "start-date",
    "end-date",
    "start-at",
    "snapshot-date",
    "time-back",
    "time-of-day",
    "equity-option",
    "future",
    "future-option",
    "from-date",
    "to-date",
    "date",
    "query",
    "limit",
];

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(160))]
    #[test]
    fn no_permitted_call_makes_it_panic(
        place in 0..200_usize,
        name in "[-A-Z0-9 ./+a-z]{1,24}",
        query in proptest::collection::vec((0..PARAMETERS.len(), "[-0-9A-Za-z+:. /]{0,24}"), 0..4),
        quantity in "[-0-9.e]{1,12}",
        price in "[-0-9.e]{1,30}",
    ) {
        let mut bench = Bench::new();
        let made = bench.post("/sim/grant", &json!({ "user": "saver" })).1;
        let body = refresh(made["refresh_token"].as_str().unwrap(), made["client_secret"].as_str().unwrap());
        let access = bench.post("/oauth/token", &body).1["access_token"].as_str().unwrap().to_owned();
        let all = crate::rest::patterns();
        let (method, pattern) = all[place % all.len()].clone();
        let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>().replace('+', "%20");
        let path: Vec<&str> = pattern
            .split('/')
            .map(|part| match part {
                "{n}" => "5WX50001",
                part if part.starts_with('{') => &name,
                part => part,
            })
            .collect();
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        for (parameter, value) in &query {
            pairs.append_pair(PARAMETERS[*parameter], value);
        }
        let leg = json!({ "instrument-type": "Equity", "symbol": "KO", "action": "Buy to Open", "quantity": quantity });
        let order = json!({
            "order-type": "Limit", "time-in-force": "Day", "price": price, "price-effect": "Debit", "legs": [leg],
            "name": price, "watchlist-entries": [{ "symbol": price }], "type": "OCO", "orders": [],
        });
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}?{}", path.join("/"), pairs.finish()))
            .header("user-agent", "t/1")
            .header("authorization", format!("Bearer {access}"));
        let reply = bench.send(request, &order.to_string());
        proptest::prop_assert!(reply.status().as_u16() != 500);
    }

    #[test]
    fn no_call_makes_it_panic(path in "/[a-z0-9/%.*-]{0,40}", query in "[a-z0-9=&\\[\\]%+,-]{0,40}", body in ".{0,80}") {
        let mut bench = Bench::new();
        let uri = format!("{path}?{query}");
        for method in [Method::GET, Method::POST, Method::DELETE] {
            if let Ok(uri) = uri.parse::<http::Uri>() {
                let request = http::Request::builder().method(method).uri(uri).header("user-agent", "t/1");
                bench.send(request, &body);
            }
        }
    }
}
