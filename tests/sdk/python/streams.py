"""The streaming half of the public Python SDK, unmodified, against the simulator: market data over DXLink and the account
streamer. Prints one line of JSON for each feature: {"feature": ..., "ok": ..., "error"?: ...}.

Usage: streams.py <the simulator's address> <client secret> <refresh token>
"""

import asyncio
import json
import sys
import traceback
import urllib.request
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import tastytrade.session
import tastytrade.streamer
from tastytrade import Account, AlertStreamer, DXLinkStreamer, Session
from tastytrade.account import AccountBalance, CurrentPosition
from tastytrade.dxfeed import Candle, Greeks, Profile, Quote, Summary, TheoPrice, TimeAndSale, Trade, Underlying
from tastytrade.order import InstrumentType, Leg, MarketOrder, OrderAction, OrderStatus, OrderTimeInForce, PlacedOrder
from tastytrade.streamer import QuoteAlert

SIMULATOR, SECRET, REFRESH = sys.argv[1:4]
tastytrade.session.API_URL = tastytrade.session.CERT_URL = SIMULATOR
tastytrade.streamer.STREAMER_URL = SIMULATOR.replace("http", "ws", 1) + "/streamer"
SECONDS = 20

features = []


def feature(name):
    def keep(function):
        features.append((name, function))
        return function

    return keep


def control(path, body):
    request = urllib.request.Request(f"{SIMULATOR}/sim/{path}", json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        return json.load(answer)


def option(days=30):
    """The streamer symbol of a call on AAPL near the money, of the month after next."""
    now = datetime.fromisoformat(control_state()["now"])
    month = (now.replace(day=1) + timedelta(days=62)).replace(day=1)
    friday = month + timedelta(days=(4 - month.weekday()) % 7 + 14)
    return f".AAPL{friday:%y%m%d}C"


def control_state():
    with urllib.request.urlopen(f"{SIMULATOR}/sim/state", timeout=SECONDS) as answer:
        return json.load(answer)


async def some(streamer, kind, count):
    """The next events of a kind, by symbol, until there are so many symbols."""
    found = {}
    while len(found) < count:
        event = await asyncio.wait_for(streamer.get_event(kind), SECONDS)
        found[event.event_symbol] = event
    return found


@feature("quotes")
async def quotes(session):
    async with DXLinkStreamer(session) as streamer:
        await streamer.subscribe(Quote, ["SPY", "AAPL", "NVDA"])
        found = await some(streamer, Quote, 3)
        assert set(found) == {"SPY", "AAPL", "NVDA"}, found
        for quote in found.values():
            assert Decimal(0) < quote.bid_price < quote.ask_price, quote
        await streamer.unsubscribe(Quote, ["SPY"])
        await streamer.unsubscribe_all(Quote)


@feature("trades, summaries and profiles")
async def others(session):
    async with DXLinkStreamer(session) as streamer:
        await streamer.subscribe(Trade, ["SPY", "SPX"])
        await streamer.subscribe(Summary, ["SPY"])
        await streamer.subscribe(Profile, ["AAPL"])
        trades = await some(streamer, Trade, 2)
        assert trades["SPX"].price > trades["SPY"].price > 0, trades
        summary = (await some(streamer, Summary, 1))["SPY"]
        assert summary.prev_day_close_price > 0 and summary.day_id > 20_000, summary
        profile = (await some(streamer, Profile, 1))["AAPL"]
        assert profile.description and profile.trading_status == "ACTIVE" and profile.beta > 0, profile
        assert profile.ex_dividend_day_id > 20_000, profile
        await streamer.subscribe(TimeAndSale, ["SPY"])
        sale = (await some(streamer, TimeAndSale, 1))["SPY"]
        assert sale.bid_price <= sale.price <= sale.ask_price and sale.type == "NEW" and sale.valid_tick, sale


@feature("greeks")
async def greeks(session):
    async with DXLinkStreamer(session) as streamer:
        await streamer.subscribe(Quote, ["AAPL"])
        price = (await some(streamer, Quote, 1))["AAPL"].mid_price
        strikes = [round(float(price) / 10) * 10 + step for step in (-10, 0, 10)]
        symbols = [f"{option()}{strike}" for strike in strikes]
        await streamer.subscribe(Greeks, symbols)
        found = await some(streamer, Greeks, 3)
        deltas = [found[symbol].delta for symbol in symbols]
        assert 1 > deltas[0] > deltas[1] > deltas[2] > 0, deltas
        assert all(one.theta < 0 < one.vega and one.volatility > 0 for one in found.values()), found
        await streamer.subscribe(TheoPrice, symbols[:1])
        theo = (await some(streamer, TheoPrice, 1))[symbols[0]]
        assert abs(theo.price - found[symbols[0]].price) < 2, theo
        await streamer.subscribe(Underlying, ["AAPL"])
        assert (await some(streamer, Underlying, 1))["AAPL"].volatility > 0


@feature("candles")
async def candles(session):
    now = datetime.fromisoformat(control_state()["now"])
    async with DXLinkStreamer(session) as streamer:
        await streamer.subscribe_candle(["AAPL", "SPY"], "1d", now - timedelta(days=60))
        found = {"AAPL{=d,tho=true}": [], "SPY{=d,tho=true}": []}
        ended = set()
        while len(ended) < 2:
            candle = await asyncio.wait_for(streamer.get_event(Candle), SECONDS)
            found[candle.event_symbol].append(candle)
            if candle.snapshot_end or candle.snapshot_snip:
                ended.add(candle.event_symbol)
        for series in found.values():
            assert series[0].snapshot_begin and len(series) > 35, len(series)
            full = [candle for candle in series if not candle.remove]
            assert all(candle.low <= candle.open <= candle.high and candle.volume > 0 for candle in full), full
            times = [candle.time for candle in full]
            assert times == sorted(times, reverse=True) and len(set(times)) == len(times)
        await streamer.unsubscribe_candle("AAPL", "1d")


@feature("account streamer")
async def alerts(session):
    accounts = await Account.get(session)
    async with AlertStreamer(session) as streamer:
        await streamer.subscribe_accounts(accounts)
        await streamer.subscribe_public_watchlists()
        await streamer.subscribe_quote_alerts()
        for kind in ("AccountBalance", "CurrentPosition"):
            control("announce", {"account": accounts[0].account_number, "kind": kind})
        balance = await asyncio.wait_for(anext(streamer.listen(AccountBalance)), SECONDS)
        assert balance.account_number == accounts[0].account_number and balance.net_liquidating_value > 0, balance
        position = await asyncio.wait_for(anext(streamer.listen(CurrentPosition)), SECONDS)
        assert position.account_number == accounts[0].account_number and position.quantity, position


@feature("orders on the account streamer")
async def orders(session):
    account = (await Account.get(session))[0]
    async with AlertStreamer(session) as streamer:
        await streamer.subscribe_accounts([account])
        told = streamer.listen(PlacedOrder)
        for action in (OrderAction.BUY_TO_OPEN, OrderAction.SELL_TO_CLOSE):
            leg = Leg(instrument_type=InstrumentType.EQUITY, symbol="KO", action=action, quantity=Decimal(1))
            order = MarketOrder(time_in_force=OrderTimeInForce.DAY, legs=[leg])
            placed = await account.place_order(session, order, dry_run=False)
            while True:
                news = await asyncio.wait_for(anext(told), SECONDS)
                if news.id == placed.order.id and news.status == OrderStatus.FILLED:
                    break
        balance = await asyncio.wait_for(anext(streamer.listen(AccountBalance)), SECONDS)
        position = await asyncio.wait_for(anext(streamer.listen(CurrentPosition)), SECONDS)
        assert balance.account_number == account.account_number and position.symbol == "KO", position


@feature("an order that is filled in parts, stage by stage")
async def parts(session):
    account = (await Account.get(session))[0]
    async with AlertStreamer(session) as streamer:
        await streamer.subscribe_accounts([account])
        told = streamer.listen(PlacedOrder)
        for action in (OrderAction.BUY_TO_OPEN, OrderAction.SELL_TO_CLOSE):
            leg = Leg(instrument_type=InstrumentType.EQUITY, symbol="F", action=action, quantity=Decimal(1200))
            placed = await account.place_order(session, MarketOrder(time_in_force=OrderTimeInForce.DAY, legs=[leg]), dry_run=False)
            stages, remaining = [], []
            while not stages or stages[-1] != OrderStatus.FILLED:
                news = await asyncio.wait_for(anext(told), SECONDS)
                if news.id == placed.order.id:
                    stages.append(news.status)
                    remaining.append(news.legs[0].remaining_quantity)
            expected = [OrderStatus.RECEIVED, OrderStatus.ROUTED, OrderStatus.IN_FLIGHT, OrderStatus.LIVE]
            assert stages[:4] == expected, stages
            assert remaining == sorted(remaining, reverse=True) and any(0 < left < 1200 for left in remaining), remaining
            assert sum(fill.quantity for fill in news.legs[0].fills) == 1200 and len(news.legs[0].fills) > 1, news


@feature("quote alerts on the account streamer")
async def quote_alerts(session):
    accounts = await Account.get(session)
    async with AlertStreamer(session) as streamer:
        await streamer.subscribe_accounts(accounts)
        await streamer.subscribe_quote_alerts()
        alert = {"symbol": "KO", "instrument-type": "Equity", "field": "Last", "operator": ">", "threshold": "0.01"}
        made = await session._post("/quote-alerts", json=alert)
        told = await asyncio.wait_for(anext(streamer.listen(QuoteAlert)), SECONDS)
        assert told.alert_external_id == made["alert-external-id"] and told.symbol == told.dx_symbol == "KO", told
        assert told.threshold_numeric == Decimal("0.01") and told.triggered_at >= told.created_at, told
        await session._delete(f"/quote-alerts/{told.alert_external_id}")
        listed = await session._get("/quote-alerts")
        assert told.alert_external_id not in [one["alert-external-id"] for one in listed["items"]], listed


async def main():
    async with Session(SECRET, REFRESH) as session:
        for name, function in features:
            line = {"feature": name, "ok": True}
            try:
                await asyncio.wait_for(function(session), 3 * SECONDS)
            except BaseException:  # noqa: BLE001 the next feature is tried all the same
                line = {"feature": name, "ok": False, "error": traceback.format_exc()[-3000:]}
            print(json.dumps(line), flush=True)


asyncio.run(main())
