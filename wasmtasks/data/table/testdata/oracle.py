"""Makes sales.csv and what the table tasks must say of it, with Python's csv and
fractions: python3 oracle.py, in this directory. Tests read its results only."""
import csv, io, json, random
from collections import defaultdict
from fractions import Fraction

random.seed(7)
cities = ["Roma", "Oslo", "São Paulo", 'New "York"', "Köln, Dom", "line\nbreak", ""]
rows = []
for i in range(600):
    price = random.choice(["", "0", "%.2f" % random.uniform(-50, 500), "%d" % random.randrange(10**6), "0.1", "1e3"])
    rows.append({"id": str(i), "city": random.choice(cities), "kind": random.choice("abc"), "price": price, "qty": str(random.randrange(1, 9))})
with open("sales.csv", "w", newline="", encoding="utf-8") as f:
    f.write("\ufeff")
    w = csv.DictWriter(f, ["id", "city", "kind", "price", "qty"])  # CRLF
    w.writeheader()
    w.writerows(rows)


def num(s):
    return Fraction(s)


def text(r, digits=4):
    """Half even, without zeros at the end."""
    n = round(r * 10**digits)  # Fraction rounds half to even
    sign, n = ("-" if n < 0 else ""), abs(n)
    s = str(n).rjust(digits + 1, "0")
    return sign + (s[:-digits] + "." + s[-digits:]).rstrip("0").rstrip(".")


def quantile(v, q):
    v = sorted(v)
    at = q * (len(v) - 1)
    i = at.numerator // at.denominator
    return v[i] if i + 1 == len(v) else v[i] + (v[i + 1] - v[i]) * (at - i)


def measures(group):
    v = [num(r["price"]) for r in group if r["price"]]
    least = min((r for r in group if r["price"]), key=lambda r: num(r["price"]))["price"]
    return [len(group), len(v), len({r["price"] for r in group if r["price"]}), text(sum(v)), text(sum(v) / len(v)),
            text(quantile(v, Fraction(1, 2))), text(quantile(v, Fraction(95, 100))), least]


def grouped(rows, *by):
    groups = defaultdict(list)
    for r in rows:
        groups[tuple(r[b] for b in by)].append(r)
    return groups


aggregate = [[k or None for k in key] + measures(g) for key, g in grouped(rows, "city", "kind").items()]
revenue = sorted(((r["id"], num(r["price"]) * int(r["qty"])) for r in rows if r["price"] and num(r["price"]) > 100 and r["city"] != "Oslo"), key=lambda p: -p[1])
order = sorted(rows, key=lambda r: (r["price"] == "", num(r["price"] or 0), r["city"] == "", r["city"]))
pairs = grouped(rows, "kind")
cities_seen = sorted({r["city"] for r in rows} - {""}) + ["(missing)"]
pivot = [[kind] + [text(sum(num(r["price"]) for r in g if (r["city"] or "(missing)") == c and r["price"])) for c in cities_seen] for (kind,), g in pairs.items()]
regions = [("Roma", "south"), ("Oslo", "north"), ("Roma", "lazio"), ("Paris", "west"), ("", "none")]
join = [[r["id"], region] for r in rows for city, region in regions if city and city == r["city"]]
anti = [r["id"] for r in rows if not r["city"] or r["city"] not in dict(regions)]
json.dump({"aggregate": aggregate, "revenue": [[i, text(v)] for i, v in revenue], "order": [r["id"] for r in order], "pivot_columns": ["kind"] + cities_seen,
           "pivot": pivot, "join": join, "anti": anti, "regions": [{"city": c, "region": n} for c, n in regions]}, open("expected.json", "w"), ensure_ascii=False, indent=0)
