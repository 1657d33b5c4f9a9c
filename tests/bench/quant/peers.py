"""Times other people's software on the same cases: QuantLib, py_lets_be_rational and TA-Lib.

Reads what `quant-bench cases` prints from the file that is named, and prints JSON: milliseconds by name. Of each expiration
the least time of some rounds counts, added up over all of them. What an object of QuantLib costs to make is left out.
"""

import json
import math
import sys
import time

import numpy
import QuantLib as ql
import talib
from py_lets_be_rational import implied_volatility_from_a_transformed_rational_guess as implied

ROUNDS = 5


def least(work, rounds=ROUNDS):
    best = math.inf
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best * 1e3


def american(group, today):
    day = ql.Actual365Fixed()
    end = today + round(group["years"] * 365)

    def flat(rate):
        return ql.YieldTermStructureHandle(ql.FlatForward(today, rate, day))

    rate, yields = flat(group["rate"]), flat(group["yields"])
    made = []
    for side, spot, strike, volatility, _, _ in group["options"]:
        payoff = ql.PlainVanillaPayoff(ql.Option.Call if side == "C" else ql.Option.Put, strike)
        option = ql.VanillaOption(payoff, ql.AmericanExercise(today, end))
        surface = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), volatility, day))
        process = ql.BlackScholesMertonProcess(ql.QuoteHandle(ql.SimpleQuote(spot)), yields, rate, surface)
        option.setPricingEngine(ql.QdFpAmericanEngine(process, ql.QdFpAmericanEngine.fastScheme()))
        option.NPV()
        made.append(option)
    return made


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        cases = json.load(file)
    today = ql.Date(20, 11, 2026)
    ql.Settings.instance().evaluationDate = today
    found = {"quantlib_american": 0.0, "lets_be_rational": 0.0}
    for group in cases["groups"]:
        made = american(group, today)

        def price_all():
            for option in made:
                option.recalculate()

        found["quantlib_american"] += least(price_all)
        years, forward = group["years"], math.exp((group["rate"] - group["yields"]) * group["years"])
        rows = []
        for side, spot, strike, _, european, _ in group["options"]:
            undiscounted = european * math.exp(group["rate"] * years)
            rows.append((undiscounted, spot * forward, strike, years, 1.0 if side == "C" else -1.0))

        def invert_all():
            for row in rows:
                implied(*row)

        found["lets_be_rational"] += least(invert_all, 2)
    bars = {name: numpy.array(values) for name, values in cases["bars"].items()}
    high, low, close, volume = bars["high"], bars["low"], bars["close"], bars["volume"]

    def indicators():
        talib.SMA(close, 20)
        talib.EMA(close, 20)
        talib.RSI(close, 14)
        talib.MACD(close, 12, 26, 9)
        talib.BBANDS(close, 20, 2.0, 2.0)
        talib.ATR(high, low, close, 14)
        talib.ADX(high, low, close, 14)
        talib.STOCH(high, low, close, 14, 3, 0, 3, 0)
        talib.OBV(close, volume)
        talib.CCI(high, low, close, 14)
        talib.MFI(high, low, close, volume, 14)

    found["talib"] = least(indicators, 300)
    print(json.dumps(found))


main()
