#!/usr/bin/env python3
"""Writes pricing.json: what Python's decimal makes of price plans, for
TestPricesAgreeWithPython. Products have 28 digits and are rounded half-even once,
to millionths, when they enter the ledger.

    python3 pricing.py > pricing.json
"""
import decimal
import json
import random
from decimal import Decimal as D

C = decimal.Context(prec=28, rounding=decimal.ROUND_HALF_EVEN)
WIDE = decimal.Context(prec=60, rounding=decimal.ROUND_HALF_EVEN)
MICRO = D("0.000001")
BIGGEST = 2**63 - 1


def ledger(d):
    q = d.quantize(MICRO, context=WIDE)
    return None if abs(int(q.scaleb(6, WIDE))) > BIGGEST else format(q, "f")


def cpu(fuel, per, factor, minimum):
    d = C.multiply(D(fuel).scaleb(-9), D(per))
    d = C.multiply(d, D(factor))
    return ledger(max(d, D(minimum)))


def llm(tin, tout, pin, pout):
    a = C.multiply(D(tin).scaleb(-6), D(pin))
    b = C.multiply(D(tout).scaleb(-6), D(pout))
    return ledger(C.add(a, b))


def part(amount, share):
    return ledger(C.multiply(D(amount), D(share)))


def main():
    r = random.Random(20261128)
    out = {"cpu": [], "llm": [], "part": []}

    def add_cpu(fuel, per, factor="1", minimum="0"):
        out["cpu"].append([fuel, per, factor, minimum, cpu(fuel, per, factor, minimum)])

    def add_llm(tin, tout, pin, pout):
        out["llm"].append([tin, tout, pin, pout, llm(tin, tout, pin, pout)])

    def add_part(amount, share):
        out["part"].append([amount, share, part(amount, share)])

    # Halves of a millionth, below, at and above, to even and to odd.
    for whole in ("0.0000005", "0.0000015", "0.0000025", "0.0000035", "1.0000005", "2.9999995"):
        for nudge in ("0", "1e-20", "-1e-20", "1e-27", "-1e-27"):
            add_cpu(10**9, format(D(whole) + D(nudge), "f"))
    for fuel in (0, 1, 499, 500, 501, 1499, 1500, 1501, 2500, 10**9, 10**18, 2**63 - 1):
        add_cpu(fuel, "1")
        add_cpu(fuel, "0.000001", "3", "0.0000001")
        add_cpu(fuel, "0.000001", "0.5", "0.000001")
    for tokens in (0, 1, 2, 24, 25, 26, 74, 75, 76, 10**6, 10**9, 10**12):
        add_llm(tokens, 0, "0.02", "0.06")
        add_llm(0, tokens, "0.02", "0.06")
        add_llm(tokens, tokens, "0.5", "1.5")
        add_llm(tokens, tokens, "9000000", "9000000")
    for amount in ("0", "0.000001", "0.000005", "0.000015", "0.000025", "1.000001", "9223372036854.775807"):
        for share in ("0", "0.1", "0.3", "0.5", "0.9", "1", "0.333333333333333333333333333333"):
            add_part(amount, share)
    for _ in range(800):
        digits = r.randint(1, 25)
        price = format(D(r.randrange(10**digits)).scaleb(-r.randint(0, 20), WIDE), "f")
        factor = format(D(r.randrange(1, 10**6)).scaleb(-r.randint(0, 6), WIDE), "f")
        add_cpu(r.randrange(2 ** r.randint(1, 63)), price, factor, r.choice(["0", "0.0000001", "0.01"]))
        add_llm(r.randrange(10 ** r.randint(1, 12)), r.randrange(10 ** r.randint(1, 12)), price, factor)
        add_part(format(D(r.randrange(2 ** r.randint(1, 63))).scaleb(-6, WIDE), "f"), format(D(r.randrange(10**12)).scaleb(-12, WIDE), "f"))
    print("{")
    print(",\n".join('"%s": [\n%s\n]' % (k, ",\n".join(json.dumps(v) for v in rows)) for k, rows in out.items()))
    print("}")


if __name__ == "__main__":
    main()
