"""The REST half of the public Python SDK, unmodified, against the simulator. Prints one line of JSON for each feature:
{"feature": ..., "ok": ..., "error"?: ...}.

Usage: rest.py <the simulator's address> <client secret> <refresh token>
"""

import asyncio
import json
import sys
import traceback
import urllib.request
from datetime import date, datetime, timedelta
from decimal import Decimal

import tastytrade.session
from tastytrade import Account, Session, metrics
from tastytrade.instruments import (
    Cryptocurrency,
    Equity,
    Future,
    FutureOption,
    FutureOptionProduct,
    FutureProduct,
    NestedFutureOptionChain,
    NestedOptionChain,
    Option,
    get_future_option_chain,
    get_option_chain,
    get_quantity_decimal_precisions,
)
from tastytrade.market_data import get_market_data, get_market_data_by_type
from tastytrade.market_sessions import ExchangeType, get_futures_holidays, get_market_holidays, get_market_sessions
from tastytrade.order import (
    InstrumentType,
    LimitOrder,
    MarketOrder,
    OCOOrder,
    OrderAction,
    OrderStatus,
    OrderTimeInForce,
    OTOCOOrder,
    StopOrder,
)
from tastytrade.search import symbol_search
from tastytrade.utils import TastytradeError
from tastytrade.watchlists import PairsWatchlist, PrivateWatchlist, PublicWatchlist

SIMULATOR, SECRET, REFRESH = sys.argv[1:4]
tastytrade.session.API_URL = tastytrade.session.CERT_URL = SIMULATOR
SECONDS = 30

features = []


def feature(function):
    features.append((function.__name__.replace("_", " "), function))
    return function


def now():
    """The market's time, which tests move."""
    with urllib.request.urlopen(f"{SIMULATOR}/sim/state", timeout=SECONDS) as answer:
        return datetime.fromisoformat(json.load(answer)["now"])


async def income(session):
    """The account with a bit of everything."""
    return await Account.get(session, "5WX10001")


@feature
async def customer_and_session(session):
    customer = await session.get_customer()
    assert customer.first_name == "Tess" and customer.permitted_account_types, customer
    assert await session.validate()


@feature
async def accounts(session):
    all_accounts = await Account.get(session)
    assert [account.account_number for account in all_accounts] == ["5WX10001", "5WX10002"]
    assert {account.account_type_name for account in all_accounts} == {"Individual", "Roth IRA"}
    status = await all_accounts[1].get_trading_status(session)
    assert status.equities_margin_calculation_type == "IRA Margin" and not status.short_calls_enabled, status


@feature
async def balances_and_positions_agree(session):
    for account in await Account.get(session):
        balances = await account.get_balances(session)
        positions = await account.get_positions(session, include_marks=True)
        worth = balances.cash_balance
        for position in positions:
            sign = -1 if position.quantity_direction == "Short" else 1
            assert abs(position.mark - position.mark_price * position.quantity * position.multiplier) < Decimal("0.01")
            worth += sign * position.mark
        assert worth == balances.net_liquidating_value, (worth, balances.net_liquidating_value)
    spy = await account.get_positions(session, underlying_symbols=["KO"])
    assert spy and all(position.underlying_symbol == "KO" for position in spy)
    options = await account.get_positions(session, instrument_type=InstrumentType.EQUITY_OPTION)
    assert options and all(option.expires_at > now() for option in options)


@feature
async def balance_snapshots(session):
    account = await income(session)
    snapshots = await account.get_balance_snapshots(session, page_offset=None, start_date=now().date() - timedelta(days=30))
    assert len(snapshots) > 15, len(snapshots)
    days = [snapshot.snapshot_date for snapshot in snapshots]
    assert days == sorted(days, reverse=True)


@feature
async def transactions_add_up_to_the_cash(session):
    account = await income(session)
    history = await account.get_history(session, page_offset=None, per_page=250)
    assert len(history) > 250, len(history)
    assert len({one.id for one in history}) == len(history)
    balances = await account.get_balances(session)
    assert sum(one.net_value for one in history) == balances.cash_balance
    one = await account.get_transaction(session, history[3].id)
    assert one == history[3]
    kinds = {one.transaction_sub_type for one in history}
    assert {"Sell to Open", "Buy to Close", "Expiration", "Dividend", "Deposit", "ACAT"} <= kinds, kinds
    dividends = await account.get_history(session, type="Money Movement", sub_types=["Dividend"])
    assert dividends and all(one.value > 0 and one.transaction_type == "Money Movement" for one in dividends)
    early = await account.get_history(session, sort="Asc", per_page=5, underlying_symbol="AAPL")
    assert len(early) == 5 and early[0].executed_at < early[-1].executed_at
    day = early[-1].transaction_date
    that_day = [one for one in history if one.transaction_date == day]
    fees = await account.get_total_fees(session, day)
    parts = [one.regulatory_fees or 0 for one in that_day] + [one.clearing_fees or 0 for one in that_day] + [one.commission or 0 for one in that_day]
    assert fees.total_fees == sum(parts), (fees, sum(parts))


@feature
async def net_liq_history(session):
    account = await income(session)
    balances = await account.get_balances(session)
    for back, least in (("1d", 2), ("1m", 20), ("1y", 200), ("all", 300)):
        history = await account.get_net_liquidating_value_history(session, time_back=back)
        assert len(history) >= least, (back, len(history))
        last = history[-1]
        assert abs(last.total_close / balances.net_liquidating_value - 1) < Decimal("0.02"), (back, last)
        assert all(one.total_low <= one.total_open <= one.total_high for one in history)
    some = await account.get_net_liquidating_value_history(session, start_time=now() - timedelta(days=5))
    assert some


@feature
async def margin_requirements(session):
    account = await income(session)
    report, balances = await account.get_margin_requirements(session), await account.get_balances(session)
    assert abs(report.maintenance_requirement) == balances.maintenance_requirement
    assert sum(group.margin_requirement for group in report.groups) == report.margin_requirement
    assert await metrics.get_risk_free_rate(session) > 0


@feature
async def order_history(session):
    account = await income(session)
    orders = await account.get_order_history(session, page_offset=None, start_date=date(2025, 1, 1))
    assert len(orders) > 100, len(orders)
    assert all(order.average_fill_price() is not None for order in orders if order.status == OrderStatus.FILLED)
    one = await account.get_order(session, orders[-1].id)
    assert one.id == orders[-1].id and one.legs[0].fills
    filled = await account.get_order_history(session, statuses=[OrderStatus.FILLED], underlying_symbol="QQQ", start_date=date(2025, 1, 1))
    assert filled and all(order.underlying_symbol == "QQQ" for order in filled)


@feature
async def orders_tried_placed_and_filled(session):
    account = (await Account.get(session))[1]
    ko = await Equity.get(session, "KO")
    quote = await get_market_data(session, "KO", InstrumentType.EQUITY)
    buy = ko.build_leg(Decimal(10), OrderAction.BUY_TO_OPEN)
    low = LimitOrder(time_in_force=OrderTimeInForce.DAY, legs=[buy], price=-(quote.bid - 5))
    tried = await account.place_order(session, low, dry_run=True)
    assert tried.order.status == OrderStatus.RECEIVED and tried.fee_calculation.total_fees < 0, tried
    assert tried.buying_power_effect.change_in_buying_power < 0, tried
    effect = await account.get_order_buying_power_effect(session, low)
    assert effect.new_buying_power < effect.current_buying_power
    placed = await account.place_order(session, low, dry_run=False)
    resting = await account.get_order(session, placed.order.id)
    assert resting.status == OrderStatus.LIVE and resting.price == low.price, resting
    changed = await account.replace_order(session, placed.order.id, low.model_copy(update={"price": -(quote.bid - 6)}))
    assert changed.id != placed.order.id and changed.price == -(quote.bid - 6), changed
    await account.delete_order(session, changed.id)
    assert (await account.get_order(session, changed.id)).status == OrderStatus.CANCELLED
    before = await account.get_positions(session, underlying_symbols=["KO"], instrument_type=InstrumentType.EQUITY)
    bought = await account.place_order(session, MarketOrder(time_in_force=OrderTimeInForce.DAY, legs=[buy]), dry_run=False)
    order = await account.get_order(session, bought.order.id)
    assert order.status == OrderStatus.FILLED and order.legs[0].fills[0].quantity == 10, order
    after = await account.get_positions(session, underlying_symbols=["KO"], instrument_type=InstrumentType.EQUITY)
    assert after[0].quantity == before[0].quantity + 10, (before, after)
    newest = (await account.get_history(session, per_page=5))[0]
    assert newest.order_id == bought.order.id and newest.action == OrderAction.BUY_TO_OPEN, newest
    live = await account.get_live_orders(session)
    assert {bought.order.id, changed.id} <= {order.id for order in live}
    sell = ko.build_leg(Decimal(10), OrderAction.SELL_TO_CLOSE)
    await account.place_order(session, MarketOrder(time_in_force=OrderTimeInForce.DAY, legs=[sell]), dry_run=False)


@feature
async def orders_that_are_refused(session):
    account = (await Account.get(session))[1]
    leg = (await Equity.get(session, "SPY")).build_leg(Decimal(100_000), OrderAction.BUY_TO_OPEN)
    for order, reason in (
        (LimitOrder(time_in_force=OrderTimeInForce.DAY, legs=[leg], price=Decimal(-900)), "margin_check_failed"),
        (LimitOrder(time_in_force=OrderTimeInForce.DAY, legs=[leg.model_copy(update={"symbol": "NOPE"})], price=Decimal(-1)), "instrument_not_found"),
        (LimitOrder(time_in_force=OrderTimeInForce.DAY, legs=[leg, leg], price=Decimal(-1)), "symbol"),
    ):
        try:
            await account.place_order(session, order, dry_run=True)
        except TastytradeError as error:
            assert reason in str(error), error
        else:
            raise AssertionError(f"{reason}: was taken")


@feature
async def a_spread_tried(session):
    account = await income(session)
    chain = (await get_option_chain(session, "AAPL"))
    expiration = min(day for day in chain if (day - now().date()).days >= 30)
    puts = sorted((one for one in chain[expiration] if one.option_type.value == "P"), key=lambda one: one.strike_price)
    price = (await get_market_data(session, "AAPL", InstrumentType.EQUITY)).mark
    place = max(index for index, put in enumerate(puts) if put.strike_price < price * Decimal("0.95"))
    short, long = puts[place], puts[place - 1]
    quotes = {one.symbol: one for one in await get_market_data_by_type(session, options=[short.symbol, long.symbol])}
    credit = quotes[short.symbol].mid - quotes[long.symbol].mid
    legs = [short.build_leg(Decimal(2), OrderAction.SELL_TO_OPEN), long.build_leg(Decimal(2), OrderAction.BUY_TO_OPEN)]
    tried = await account.place_order(session, LimitOrder(time_in_force=OrderTimeInForce.GTC, legs=legs, price=credit), dry_run=True)
    width = (short.strike_price - long.strike_price) * 200
    assert tried.buying_power_effect.is_spread and tried.order.size == 2, tried
    assert abs(tried.buying_power_effect.isolated_order_margin_requirement) == width, (tried, width)
    assert tried.fee_calculation.commission == -4, tried


@feature
async def complex_orders(session):
    account = (await Account.get(session))[1]
    shares = await Equity.get(session, "MSFT")
    price = (await get_market_data(session, "MSFT", InstrumentType.EQUITY)).mark
    sell, buy = (shares.build_leg(Decimal(5), action) for action in (OrderAction.SELL_TO_CLOSE, OrderAction.BUY_TO_OPEN))
    gain = LimitOrder(time_in_force=OrderTimeInForce.GTC, legs=[sell], price=price + 90)
    loss = StopOrder(time_in_force=OrderTimeInForce.GTC, legs=[sell], stop_trigger=price - 90)
    tried = await account.place_complex_order(session, OCOOrder(take_profit=gain, stop_loss=loss), dry_run=True)
    assert len(tried.complex_order.orders) == 2
    placed = await account.place_complex_order(session, OCOOrder(take_profit=gain, stop_loss=loss), dry_run=False)
    number = placed.complex_order.id
    assert (await account.get_complex_order(session, number)).id == number
    assert number in [one.id for one in await account.get_live_complex_orders(session)]
    await account.delete_complex_order(session, number)
    ended = await account.get_complex_order(session, number)
    assert all(order.status == OrderStatus.CANCELLED for order in ended.orders), ended
    trigger = LimitOrder(time_in_force=OrderTimeInForce.DAY, legs=[buy], price=-(price - 90))
    three = await account.place_complex_order(session, OTOCOOrder(trigger_order=trigger, take_profit=gain, stop_loss=loss), dry_run=False)
    waiting = await account.get_complex_order(session, three.complex_order.id)
    assert all(order.status == OrderStatus.CONTINGENT for order in waiting.orders), waiting
    await account.delete_complex_order(session, three.complex_order.id)
    assert len(await account.get_complex_order_history(session)) >= 2


@feature
async def equities_and_coins(session):
    apple = await Equity.get(session, "AAPL")
    assert apple.streamer_symbol == "AAPL" and not apple.is_etf, apple
    assert (await Equity.get(session, "BRK/B")).symbol == "BRK/B"
    some = await Equity.get(session, ["SPY", "SPX", "NOPE"])
    assert [one.symbol for one in some] == ["SPY", "SPX"] and some[0].is_etf and some[1].is_index, some
    assert len(await Equity.get_active_equities(session, per_page=20, page_offset=None)) >= 40
    assert (await Cryptocurrency.get(session, "BTC/USD")).streamer_symbol == "BTC/USD:CXTALP"
    assert len(await Cryptocurrency.get(session)) >= 1
    assert await get_quantity_decimal_precisions(session)


@feature
async def option_chains(session):
    chain = await get_option_chain(session, "SPY")
    count = sum(len(options) for options in chain.values())
    assert 4000 < count < 7000 and len(chain) > 25, (count, len(chain))
    nested = await NestedOptionChain.get(session, "SPY")
    assert sum(len(one.strikes) * 2 for one in nested[0].expirations) == count
    roots = {one.root_symbol: one for one in await NestedOptionChain.get(session, "SPX")}
    assert set(roots) == {"SPX", "SPXW"}, roots.keys()
    assert {one.settlement_type for one in roots["SPX"].expirations} == {"AM"}
    assert {one.settlement_type for one in roots["SPXW"].expirations} == {"PM"}
    adjusted = [one for one in await NestedOptionChain.get(session, "PFE") if one.option_chain_type == "Non-standard"]
    assert adjusted[0].root_symbol == "PFE1" and adjusted[0].deliverables[0].amount == 110, adjusted
    kinds = {one.expiration_type for one in nested[0].expirations}
    assert kinds == {"Regular", "Weekly", "End-Of-Month", "Quarterly"}, kinds
    strike = nested[0].expirations[3].strikes[5]
    option = await Option.get(session, strike.call)
    assert option.streamer_symbol == strike.call_streamer_symbol and option.strike_price == strike.strike_price


@feature
async def futures_and_their_options(session):
    future = (await Future.get(session, product_codes=["ES"]))[0]
    assert future.active_month and future.notional_multiplier == 50, future
    assert (await Future.get(session, future.symbol)).symbol == future.symbol
    assert (await FutureProduct.get(session, "ES")).code == "ES" and len(await FutureProduct.get(session)) >= 1
    assert (await FutureOptionProduct.get(session, "EW")).root_symbol == "EW" and await FutureOptionProduct.get(session)
    nested = await NestedFutureOptionChain.get(session, "ES")
    assert nested.futures[0].symbol == future.symbol and nested.option_chains[0].expirations, nested.futures
    strike = nested.option_chains[0].expirations[0].strikes[10]
    option = await FutureOption.get(session, strike.put)
    assert option.streamer_symbol == strike.put_streamer_symbol, option
    chain = await get_future_option_chain(session, "ES")
    assert len(chain) >= 6, chain.keys()


@feature
async def market_data(session):
    future = (await Future.get(session, product_codes=["ES"]))[0].symbol
    nested = (await NestedFutureOptionChain.get(session, "ES")).option_chains[0].expirations[-1]
    put = nested.strikes[len(nested.strikes) // 2].put
    chain = (await NestedOptionChain.get(session, "BRK/B"))[0].expirations[-1]
    option = chain.strikes[len(chain.strikes) // 2].call
    found = await get_market_data_by_type(
        session, equities=["SPY", "BRK/B", "NOPE"], indices=["VIX", "SPX"], futures=[future],
        future_options=[put], cryptocurrencies=["BTC/USD"], options=[option],
    )
    by_symbol = {one.symbol: one for one in found}
    assert set(by_symbol) == {"SPY", "BRK/B", "VIX", "SPX", future, put, "BTC/USD", option}, by_symbol.keys()
    assert by_symbol["VIX"].bid is None and by_symbol["SPY"].bid < by_symbol["SPY"].ask
    assert abs(by_symbol[future].mark / by_symbol["SPX"].mark - 1) < Decimal("0.02")
    assert by_symbol[option].open_interest is not None and by_symbol[option].bid <= by_symbol[option].ask
    assert by_symbol[put].mark > 0


@feature
async def market_metrics(session):
    symbols = ["AAPL", "SPY", "NVDA", "SPX", "VIX"]
    found = {one.symbol: one for one in await metrics.get_market_metrics(session, symbols)}
    assert list(found) == symbols
    apple = found["AAPL"]
    assert 0 <= apple.tos_implied_volatility_index_rank <= 1 and apple.market_cap > 0, apple
    assert apple.earnings.expected_report_date >= now().date() - timedelta(days=1)
    chain = await NestedOptionChain.get(session, "AAPL")
    days = {one.expiration_date for one in chain[0].expirations}
    assert {one.expiration_date for one in apple.option_expiration_implied_volatilities} == days
    index = found["SPX"].implied_volatility_index
    vix = await get_market_data(session, "VIX", InstrumentType.INDEX)
    assert abs(vix.mark / 100 - index) < Decimal("0.005"), (vix.mark, index)


@feature
async def dividends_and_earnings(session):
    dividends = await metrics.get_dividends(session, "KO")
    assert len(dividends) >= 16 and all(one.amount > 0 for one in dividends)
    reports = await metrics.get_earnings(session, "AAPL", date(2025, 1, 1))
    assert len(reports) >= 6 and all(one.eps > 0 for one in reports), reports


@feature
async def sessions_and_holidays(session):
    found = await get_market_sessions(session, [ExchangeType.NYSE, ExchangeType.CME, ExchangeType.CFE])
    assert [one.instrument_collection for one in found] == ["Equity", "CME", "CFE"]
    assert found[0].status.value == "Open" and found[0].next_session.open_at > now(), found[0]
    calendar = await get_market_holidays(session)
    assert date(now().year, 12, 25) in calendar.holidays and calendar.half_days, calendar
    assert (await get_futures_holidays(session, ExchangeType.CME)).holidays


@feature
async def search(session):
    await session.refresh()
    assert (await symbol_search(session, "AAP"))[0].symbol == "AAPL"
    assert "KO" in [one.symbol for one in await symbol_search(session, "Coca")]
    assert (await symbol_search(session, "/ES"))[0].symbol.startswith("/ES")
    assert await symbol_search(session, "ZZZZZ") == []


@feature
async def watchlists(session):
    name = "From the SDK"
    mine = PrivateWatchlist(name=name)
    mine.add_symbol("NVDA", InstrumentType.EQUITY)
    await mine.upload(session)
    mine.add_symbol("SPY", InstrumentType.EQUITY)
    await mine.update(session)
    kept = await PrivateWatchlist.get(session, name)
    assert [entry["symbol"] for entry in kept.watchlist_entries] == ["NVDA", "SPY"], kept
    assert name in [one.name for one in await PrivateWatchlist.get(session)]
    await PrivateWatchlist.remove(session, name)
    assert name not in [one.name for one in await PrivateWatchlist.get(session)]
    public = await PublicWatchlist.get(session)
    assert (await PublicWatchlist.get(session, public[0].name)).watchlist_entries
    assert (await PublicWatchlist.get(session, counts_only=True))[0].watchlist_entries is None
    pairs = await PairsWatchlist.get(session)
    assert (await PairsWatchlist.get(session, pairs[0].name)).pairs_equations


async def main():
    async with Session(SECRET, REFRESH, timeout=SECONDS) as session:
        for name, function in features:
            line = {"feature": name, "ok": True}
            try:
                await asyncio.wait_for(function(session), 3 * SECONDS)
            except BaseException:  # noqa: BLE001 the next feature is tried all the same
                line = {"feature": name, "ok": False, "error": traceback.format_exc()[-3000:]}
            print(json.dumps(line), flush=True)


asyncio.run(main())
