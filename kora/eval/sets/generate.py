#!/usr/bin/env python3
"""Makes the evaluation sets beside this file, the same every time.

Answers come from Python's own arithmetic, calendar, zones and digests, not from
Krako's tasks: two implementations that agree are less likely both wrong. The
clock of the sets is 2026-11-28T12:00:00Z, the zone America/New_York, the locale
en-US. A message is in the test set if the first digit of its SHA-256 is 8 or
more, else in dev; grammars may be changed for dev, never for test.
"""
import base64, calendar, csv, datetime, decimal, fractions, hashlib, io, json, math, pathlib, random, statistics, urllib.parse, zoneinfo

random.seed(20261128)
HERE = pathlib.Path(__file__).parent
NOW = datetime.datetime(2026, 11, 28, 12, 0, tzinfo=datetime.timezone.utc)
HOME = zoneinfo.ZoneInfo("America/New_York")
TODAY = NOW.astimezone(HOME).date()
F = fractions.Fraction
items, seen = [], {}


def dec(x, digits=10):
    """A fraction as a decimal number, rounded half to even, without zeros at its end."""
    x = F(x)
    with decimal.localcontext() as c:
        c.prec = 200
        d = (decimal.Decimal(x.numerator) / decimal.Decimal(x.denominator)).quantize(decimal.Decimal(1).scaleb(-digits), decimal.ROUND_HALF_EVEN)
    s = format(d, "f")
    return s.rstrip("0").rstrip(".") if "." in s else s


def add(family, message, expect, attachments=None):
    if message in seen:
        return
    seen[message] = True
    it = {"id": f"{family}-{sum(1 for i in items if i['id'].startswith(family + '-')):03d}", "message": message, "expect": str(expect)}
    if attachments:
        it["attachments"] = attachments
    items.append(it)


def pick(*xs):
    return random.choice(xs)


def each(n=30):
    return range(n)


def grouped(n):
    return f"{n:,}" if n >= 1000 and random.random() < .5 else str(n)


def word():
    return pick("tomato", "necessary", "separate", "banana", "rhythm", "calendar", "mississippi", "bookkeeper", "queue", "conscience", "embarrass", "millennium", "spaghetti", "zucchini", "recommend", "occurrence", "committee", "balloon", "harass", "tattoo", "letter", "parallel", "success", "address", "possess")


ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
TENS = "x x twenty thirty forty fifty sixty seventy eighty ninety".split()


def spoken(n):
    if n < 20:
        return ONES[n]
    if n < 100:
        return TENS[n // 10] + ("-" + ONES[n % 10] if n % 10 else "")
    if n < 1000:
        return ONES[n // 100] + " hundred" + (" " + spoken(n % 100) if n % 100 else "")
    return spoken(n // 1000) + " thousand" + (" " + spoken(n % 1000) if n % 1000 else "")


# arithmetic
for _ in each():
    a, b, c = random.randint(2, 999), random.randint(2, 99), random.randint(2, 50)
    op = pick(("+", "+", a + b), ("-", "-", a - b), ("times", "*", a * b), ("x", "*", a * b), ("divided by", "/", F(a, b)), ("plus", "+", a + b), ("minus", "-", a - b))
    add("num.eval", pick("what is {} {} {}", "calculate {} {} {}", "what's {} {} {}?", "how much is {} {} {}", "can you tell me what {} {} {} is").format(a, op[0], b), dec(op[2]))
    add("num.eval", pick("what is ({} + {}) * {}", "compute ({} + {}) * {}", "evaluate ({} + {}) * {}").format(a, b, c), (a + b) * c)
    add("num.words", pick("what is {} plus {}", "what's {} plus {}?", "add {} and {}").format(spoken(a), spoken(b)), a + b)
for _ in each():
    p, x = pick(5, 7.5, 10, 12, 15, 18, 20, 25, 30, 33, 45, 60, 75, 8.25), random.randint(20, 5000)
    r = F(str(p)) * x / 100
    add("num.percent", pick("what is {}% of {}", "what's {} percent of {}?", "calculate {}% of {}", "{}% of {}", "how much is {}% of {}", "find {}% of {}").format(p, grouped(x)), dec(r))
    add("num.off", pick("what is {}% off {}", "how much is {}% off ${}", "what's {}% off of {}", "take {}% off {}", "what is the price of {}% off {}").format(p, x), dec(x - r))
    add("num.tip", pick("what is a {}% tip on {}", "how much is a {}% tip on a ${} bill", "calculate a {}% tip on {}", "what's a {} percent tip for a {} dollar bill").format(p, x), dec(r))
    y = random.randint(20, 5000)
    add("num.share", pick("{} is what percent of {}", "what percent of {1} is {0}", "what percentage of {1} is {0}?", "what is {} out of {} as a percentage").format(x, y), dec(F(x * 100, y)) + "%")
    add("num.change", pick("what is the percentage change from {} to {}", "what's the percent increase from {} to {}", "percent change from {} to {}").format(x, x + y), dec(F(100 * y, x), 2) + "%")
    add("num.raise", pick("increase {} by {}%", "what is {} increased by {}%", "add {1}% to {0}").format(x, p), dec(x + r))
for _ in each():
    n, k = random.randint(2, 40), random.randint(2, 20)
    add("num.square", pick("what is the square root of {}", "square root of {}", "what's the sqrt of {}", "find the square root of {}").format(n * n), n)
    add("num.square", pick("what is {} squared", "what's {} squared?", "{} squared").format(n), n * n)
    add("num.power", pick("what is {} to the power of {}", "{} to the power of {}", "what is {} raised to the power of {}", "calculate {}^{}").format(k, n % 9 + 2), k ** (n % 9 + 2))
    a, b = random.randint(2, 600), random.randint(2, 600)
    add("num.gcd", pick("what is the greatest common divisor of {} and {}", "gcd of {} and {}", "find the gcd of {} and {}").format(a, b), math.gcd(a, b))
    add("num.lcm", pick("what is the least common multiple of {} and {}", "lcm of {} and {}", "what's the lowest common multiple of {} and {}").format(a, b), math.lcm(a, b))
    add("num.mod", pick("what is the remainder when {} is divided by {}", "what is {} mod {}", "{} modulo {}").format(a + 600, b), (a + 600) % b)
    add("num.prime", pick("is {} a prime number", "is {} prime?", "is {} a prime").format(a), "yes" if a > 1 and all(a % d for d in range(2, int(a ** .5) + 1)) else "no")
    add("num.divisible", pick("is {} divisible by {}", "is {} a multiple of {}?").format(a, k), "yes" if a % k == 0 else "no")
    add("num.factorial", pick("what is {} factorial", "what is the factorial of {}", "{}!").format(k), math.factorial(k))
    add("num.parity", pick("is {} even or odd", "is {} odd or even?").format(a), "odd" if a % 2 else "even")
    add("num.binary", pick("what is {} in binary", "convert {} to binary", "write {} in binary").format(a), bin(a)[2:])
    add("num.hex", pick("what is {} in hex", "convert {} to hexadecimal", "{} in hex").format(a), format(a, "x"))
    add("num.base", pick("what is {} in decimal", "convert {} to decimal").format("binary " + bin(a)[2:]), a)


def roman(n):
    out = ""
    for v, s in [(1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")]:
        while n >= v:
            out, n = out + s, n - v
    return out


for _ in each():
    n = random.randint(2, 2100)
    add("num.roman", pick("what is {} in roman numerals", "convert {} to roman numerals", "write {} as a roman numeral").format(n), roman(n))
    add("num.roman", pick("what is {} in decimal", "convert {} to a number", "what number is {} in arabic numerals").format(roman(n)), n)
    add("num.inwords", pick("write {} in words", "what is {} in words", "spell out {} in words").format(n), spoken(n))
    xs = [random.randint(1, 200) for _ in range(random.randint(3, 7))]
    text = pick(", ".join(map(str, xs[:-1])) + " and " + str(xs[-1]), ", ".join(map(str, xs)), " ".join(map(str, xs)))
    add("num.mean", pick("what is the average of {}", "find the mean of {}", "calculate the average of {}", "mean of {}").format(text), dec(F(sum(xs), len(xs))))
    add("num.median", pick("what is the median of {}", "find the median of {}", "median of {}").format(text), dec(F(statistics.median([F(x) for x in xs]))))
    add("num.sum", pick("what is the sum of {}", "add up {}", "sum of {}", "what's the total of {}").format(text), sum(xs))
    add("num.max", pick("what is the largest of {}", "what is the maximum of {}", "max of {}").format(text), max(xs))
    add("num.range", "what is the range of {}".format(text), max(xs) - min(xs))
    add("num.sorted", pick("sort {} in descending order", "sort these numbers from largest to smallest: {}").format(", ".join(map(str, xs))), ", ".join(map(str, sorted(xs, reverse=True))))
    x, p, n = random.randint(100, 20000), pick(2, 3, 4, 5, 6, 7.5), random.randint(1, 20)
    g = F(x) * (1 + F(str(p)) / 100) ** n
    add("num.interest", pick("what is the compound interest on ${} at {}% for {} years", "compound interest on {} at {}% per year for {} years").format(x, p, n), dec(g - x, 2))
    add("num.interest", pick("what is the simple interest on ${} at {}% for {} years", "simple interest on {} at {} percent for {} years").format(x, p, n), dec(F(x) * F(str(p)) / 100 * n))
    add("num.tax", pick("add {1}% tax to {0}", "what is {} plus {}% vat", "what is ${} plus {}% sales tax").format(x, p), dec(F(x) * (1 + F(str(p)) / 100), 2))
    add("num.part", pick("what is three quarters of {}", "what is 3/4 of {}", "three quarters of {}").format(4 * n), 3 * n)

# units
U = {"mile": ("miles", F("1609.344"), "L"), "kilometer": ("kilometers", F(1000), "L"), "meter": ("meters", F(1), "L"), "foot": ("feet", F("0.3048"), "L"), "inch": ("inches", F("0.0254"), "L"), "centimeter": ("centimeters", F("0.01"), "L"), "yard": ("yards", F("0.9144"), "L"),
     "pound": ("pounds", F("0.45359237"), "M"), "kilogram": ("kilograms", F(1), "M"), "gram": ("grams", F("0.001"), "M"), "ounce": ("ounces", F("0.028349523125"), "M"),
     "gallon": ("gallons", F("3.785411784"), "V"), "liter": ("liters", F(1), "V"), "cup": ("cups", F("0.2365882365"), "V"), "tablespoon": ("tablespoons", F("0.01478676478125"), "V"), "teaspoon": ("teaspoons", F("0.00492892159375"), "V"), "pint": ("pints", F("0.473176473"), "V"), "milliliter": ("milliliters", F("0.001"), "V"),
     "hour": ("hours", F(3600), "T"), "minute": ("minutes", F(60), "T"), "second": ("seconds", F(1), "T"), "day": ("days", F(86400), "T"), "week": ("weeks", F(604800), "T"),
     "megabyte": ("megabytes", F(10 ** 6), "D"), "gigabyte": ("gigabytes", F(10 ** 9), "D"), "kilobyte": ("kilobytes", F(1000), "D"), "acre": ("acres", F("4046.8564224"), "A"), "hectare": ("hectares", F(10000), "A")}
for _ in each(60):
    a = random.choice(list(U))
    b = random.choice([k for k in U if U[k][2] == U[a][2] and k != a])
    n = random.randint(2, 250)
    add("unit", pick("convert {n} {a} to {b}", "how many {b} are in {n} {a}", "what is {n} {a} in {b}", "{n} {a} in {b}", "how many {b} is {n} {a}", "{n} {a} to {b}", "how many {b} are there in {n} {a}?").format(n=n, a=U[a][0], b=U[b][0]), dec(F(n) * U[a][1] / U[b][1], 6) + " " + U[b][0])
    add("unit.one", pick("how many {b} are in a {a}", "how many {b} in one {a}", "how many {b} are there in a {a}").format(a=a, b=U[b][0]).replace(" a ounce", " an ounce").replace(" a inch", " an inch").replace(" a hour", " an hour").replace(" a acre", " an acre"), dec(U[a][1] / U[b][1], 6) + " " + U[b][0])
for _ in each():
    n = random.randint(-20, 220)
    add("unit.temp", pick("convert {} fahrenheit to celsius", "what is {} degrees fahrenheit in celsius", "{} fahrenheit in celsius").format(n), dec(F(n - 32) * 5 / 9, 6) + " degrees celsius")
    add("unit.temp", pick("convert {} celsius to fahrenheit", "what is {} degrees celsius in fahrenheit", "how hot is {} celsius in fahrenheit").format(n), dec(F(n) * 9 / 5 + 32, 6) + " degrees fahrenheit")


# dates
def day():
    return datetime.date(random.randint(1950, 2040), random.randint(1, 12), random.randint(1, 28))


def said(d):
    return pick(d.isoformat(), f"{d.day} {d:%B} {d.year}", f"{d:%B} {d.day}, {d.year}", f"{d.month}/{d.day}/{d.year}")


def months(d, n):
    y, m = divmod(d.year * 12 + d.month - 1 + n, 12)
    return datetime.date(y, m + 1, min(d.day, calendar.monthrange(y, m + 1)[1]))


for _ in each():
    d, e = sorted((day(), day()))
    n = random.randint(2, 400)
    add("date.diff", pick("how many days are there between {} and {}", "how many days from {} to {}", "what is the number of days between {} and {}", "days between {} and {}").format(said(d), said(e)), f"{(e - d).days} days")
    add("date.add", pick("what is the date {} days after {}", "what date is {} days after {}", "add {} days to {}", "what is {} days from {}").format(n, said(d)), d + datetime.timedelta(n))
    add("date.sub", pick("what is the date {} days before {}", "what date was {} days before {}", "subtract {} days from {}").format(n, said(d)), d - datetime.timedelta(n))
    add("date.months", pick("what date is {} months after {}", "add {} months to {}").format(n % 30 + 1, said(d)), months(d, n % 30 + 1))
    add("date.weekday", pick("what day of the week is {}", "what day of the week was {}", "which weekday was {}", "on what day did {} fall", "what weekday is {}").format(said(d)), f"{d:%A}")
    add("date.doy", "what day of the year is {}".format(said(d)), d.timetuple().tm_yday)
    add("date.week", pick("what is the iso week number of {}", "what week number is {}").format(said(d)), d.isocalendar()[1])
    add("date.leap", pick("is {} a leap year", "was {} a leap year?").format(d.year), "yes" if calendar.isleap(d.year) else "no")
    add("date.until", pick("how many days until {}", "how many days are left until {}").format(said(datetime.date(2027, d.month, d.day))), f"{(datetime.date(2027, d.month, d.day) - TODAY).days} days")
    add("date.in", pick("what date will it be in {} days", "what is the date {} days from now", "in {} days, what date will it be", "what day will it be in {} days").format(n), TODAY + datetime.timedelta(n))
    e2 = d + datetime.timedelta(n)
    add("date.business", pick("how many business days are there between {} and {}", "how many working days from {} to {}").format(said(d), said(e2)), f"{sum((d + datetime.timedelta(i)).weekday() < 5 for i in range(n))} business days")
    add("date.month", pick("how many days are in {} {}", "how many days does {} {} have").format(f"{d:%B}", d.year), f"{calendar.monthrange(d.year, d.month)[1]} days")
add("date.today", "what is today's date", TODAY)
add("date.today", "what's the date today?", TODAY)
add("date.today", "what date is it tomorrow", TODAY + datetime.timedelta(1))
add("date.today", "what day is it", f"{TODAY:%A}")
add("date.today", "what day of the week is it today", f"{TODAY:%A}")
add("date.today", "what year is it", TODAY.year)
ZONES = {"tokyo": "Asia/Tokyo", "london": "Europe/London", "paris": "Europe/Paris", "sydney": "Australia/Sydney", "chicago": "America/Chicago", "mumbai": "Asia/Kolkata", "cairo": "Africa/Cairo", "berlin": "Europe/Berlin", "los angeles": "America/Los_Angeles", "new york": "America/New_York", "singapore": "Asia/Singapore", "dubai": "Asia/Dubai", "honolulu": "Pacific/Honolulu", "nairobi": "Africa/Nairobi"}
for name, zone in ZONES.items():
    t = NOW.astimezone(zoneinfo.ZoneInfo(zone))
    add("zone.now", pick("what time is it in {}", "what's the time in {}?", "what is the current time in {}", "can you tell me what time it is in {} right now").format(name), f"{t.isoformat()} {t.tzname()}")
    other = random.choice([z for z in ZONES if z != name])
    hour = random.randint(1, 11)
    src = datetime.datetime(TODAY.year, TODAY.month, TODAY.day, hour + 12, tzinfo=zoneinfo.ZoneInfo(zone))
    dst = src.astimezone(zoneinfo.ZoneInfo(ZONES[other]))
    add("zone.convert", pick("what is {} pm {} time in {}", "if it's {} pm in {}, what time is it in {}").format(hour, name, other), f"{dst:%H:%M}" + {0: "", 1: " the next day", -1: " the day before"}[(dst.date() - src.date()).days])

# texts and codes
for _ in each():
    w, w2 = word(), word()
    l = random.choice(w)
    add("text.spell", pick("spell {}", "how do you spell {}", "can you spell {} for me", "what is the correct spelling of {}", "spell the word {}").format(w), " ".join(w))
    add("text.letters", pick("how many {l}'s are in {w}", "how many {l}'s are there in the word {w}", "count the number of {l}'s in {w}", "how many times does the letter {l} appear in {w}").format(l=l, w=w), w.count(l))
    add("text.length", pick("how many letters are in {}", "how many letters are in the word {}", "how many characters are in \"{}\"").format(w), len(w))
    add("text.reverse", pick("reverse the word {}", "what is {} backwards", "reverse \"{}\"").format(w), w[::-1])
    add("text.upper", pick("convert \"{}\" to upper case", "uppercase \"{}\"", "change \"{}\" to uppercase").format(w + " " + w2), (w + " " + w2).upper())
    ws = random.sample(["pear", "apple", "fig", "kiwi", "mango", "cherry", "lemon", "grape", "plum", "banana"], 5)
    add("text.sort", pick("sort alphabetically: {}", "sort these words alphabetically: {}", "alphabetize: {}", "put these words in alphabetical order: {}").format(", ".join(ws)), "\n".join(sorted(ws)))
    add("text.dedupe", pick("remove duplicates from the list: {}", "remove the duplicates from {}").format(", ".join(ws + ws[:2])), ", ".join(ws))
    s = f"the {w} and the {w2} of the {ws[0]}"
    add("text.words", pick("how many words are in \"{}\"", "count the words in \"{}\"").format(s), len(s.split()))
    add("text.replace", "replace \"the\" with \"a\" in \"{}\"".format(s), s.replace("the", "a"))
    add("hash", pick("what is the sha256 hash of \"{}\"", "sha256 of \"{}\"", "compute the sha256 of \"{}\"").format(w), hashlib.sha256(w.encode()).hexdigest())
    add("hash", pick("what is the md5 of \"{}\"", "md5 hash of \"{}\"").format(w2), hashlib.md5(w2.encode()).hexdigest())
    b = base64.b64encode((w + " " + w2).encode()).decode()
    add("base64", pick("base64 encode \"{}\"", "encode \"{}\" in base64", "convert \"{}\" to base64").format(w + " " + w2), b)
    add("base64", pick("decode {} from base64", "base64 decode {}", "decode the base64 string {}").format(b), w + " " + w2)
    add("url", "url encode \"{}\"".format(w + " & " + w2), urllib.parse.quote(w + " & " + w2, safe=""))
    digits = [random.randint(0, 9) for _ in range(15)]
    total = sum(d if i % 2 else sum(divmod(2 * d, 10)) for i, d in enumerate(digits))
    good = (10 - total % 10) % 10
    last = pick(good, (good + 3) % 10)
    card = "".join(map(str, digits)) + str(last)
    add("valid.card", pick("is {} a valid credit card number", "is {} a valid card number?").format(card), "yes" if last == good else "no")
    ip = pick("192.168.{}.{}".format(random.randint(0, 255), random.randint(0, 255)), "10.0.{}.999".format(random.randint(0, 9)), "2001:db8::{:x}".format(random.randint(1, 9999)))
    add("valid.ip", pick("is {} a valid ip address", "is {} a valid ip address?").format(ip), "no" if ip.endswith(".999") else "yes")
    mail = pick(f"{w}@example.com", f"{w}.{w2}@mail.example.org", f"{w}@@example.com", f"{w}..{w2}@example.com")
    add("valid.email", pick("is {} a valid email address", "is {} a valid email?").format(mail), "no" if "@@" in mail or ".." in mail else "yes")

# documents
for k in range(12):
    suppliers = random.sample(["Acme", "Bolt", "Cask", "Dyno", "Echo", "Flux"], 3)
    rows = [{"item": f"part {i + 1}", "supplier": random.choice(suppliers), "price": random.randint(100, 9999) / 100, "quantity": random.randint(1, 50)} for i in range(random.randint(6, 14))]
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    at = [{"name": "orders.csv", "media_type": "text/csv", "text": out.getvalue()}]
    cents = [F(str(r["price"])) for r in rows]
    add("table", pick("how many rows are in the table", "how many rows does the file have?", "number of rows") + " " * k, len(rows), at)
    add("table", pick("what is the average price", "what's the mean price?", "average price") + " " * k, dec(sum(cents) / len(rows)), at)
    add("table", pick("what is the total quantity", "sum of quantity", "what is the sum of the quantity column") + " " * k, sum(r["quantity"] for r in rows), at)
    by = sorted({r["supplier"] for r in rows})
    add("table", pick("total quantity by supplier", "what is the total quantity per supplier", "sum of quantity for each supplier") + " " * k, "\n".join(f"{s}: {sum(r['quantity'] for r in rows if r['supplier'] == s)}" for s in by), at)
    add("table", pick("what is the highest price", "what is the maximum price?", "max price") + " " * k, dec(max(cents)), at)
    add("table", pick("what is the price of part 2", "what's the price of part 2?") + " " * k, dec(cents[1]), at)
    top = [r["item"] for r in rows if F(str(r["price"])) == max(cents)]
    if len(top) == 1:
        add("table", pick("which item has the highest price", "what item has the highest price?") + " " * k, top[0], at)
    add("table", pick("how many rows have supplier {}", "how many rows are there with supplier {}").format(rows[0]["supplier"]) + " " * k, sum(r["supplier"] == rows[0]["supplier"] for r in rows), at)
    doc = {"name": word(), "size": {"width": random.randint(1, 99), "height": random.randint(1, 99)}, "tags": random.sample(suppliers, 2)}
    text = json.dumps(doc)
    add("json", "what is size.width in this json: " + text, doc["size"]["width"])
    add("json", pick("is this valid json: ", "is the following valid json: ") + text, "yes")
    add("json", "list the keys of this json: " + text, "name, size, tags")

# several questions in one message
single = [i for i in items if i["id"].split("-")[0] in ("num.eval", "num.percent", "unit", "date.diff", "text.spell", "num.gcd", "date.weekday")]
for _ in range(80):
    a, b = random.sample(single, 2)
    if " and " in a["message"] or a["message"].endswith("?") or b["message"].startswith(("add", "(")):
        continue
    add("mix", a["message"] + pick(" and ", ", and then ", "; ", "? ") + b["message"], a["expect"] + "\n" + b["expect"])

near = """10-4
24/7
what's 1984 about
how many feet does a dog have
is this a 5-star hotel
isbn 978-3-16-148410-0
call 555-0199 please
version 1.2.3
what is the average
what is the capital of france
convert my leads to customers
spell it out for me
how do you spell my name
what percent of people like pizza
what time does the store open
what day does the store open
how many days does shipping take
what is the date of the next eclipse
how many calories are in a cup of rice
add milk and eggs to my shopping list
what is the sum of human knowledge
what is the difference between a cat and a dog
how old is the universe
what's the square root of the problem
is 7 a lucky number
is tomato a fruit
how many cups of flour do i need for 24 cookies
what is 5 star rating
is 13 unlucky
convert 10 dollars to euros
how many words are there in english
reverse my last transaction
sort out my account
set a timer for 10 minutes
remind me in 2 hours
book a table for 4 at 7 pm
turn the volume to 11
what is half life 2
what is catch 22
take 2 and call me in the morning
i am 6 feet tall and weigh 180 pounds
divide and conquer
the top 10 movies of 2020
apollo 13
7 up
what happened on 9/11
what happened on july 4, 1776
flip a coin
pick a number between 1 and 10
how far is the moon in light years
how many miles to chicago
how long is a flight from paris to tokyo
what is the time complexity of quicksort
what's a good tip for beginners
how many people are in 3 families
why is 6 afraid of 7
what is 20 questions
5 guys
convert this pdf to word
what is the meaning of 42
which is heavier a pound of feathers or a pound of gold
how many pounds should i lose in a month
how do i convert to islam
is 2024 a good year to buy a house
how many days a week should i exercise
which timezone should we use for the meeting
what is the password hash of my account
is my email valid
is john a valid name
decode this
encode my heart
what is the total of my bill
what is the balance of my account
when is it going to rain
when is christmas
what is the minimum wage
what is the maximum speed of a cheetah
how many letters did he write
how many letters are in the mail
count on me
three blind mice
seven years in tibet
one flew over the cuckoo's nest
500 days of summer
what is the median income in ohio
what's the average height of a man
factor in the costs
how many rows are in a stadium
what is the highest mountain
what are the columns of the parthenon
how many months pregnant is she
what is 3d printing
what is 4g and 5g
what does 404 mean
what does 10 downing street look like
is 98.6 a normal temperature
is it 5 o'clock somewhere
what is 1 thing you like
what would 2 people do in rome
100 ways to leave your lover
what's the 411
is 911 a joke
give me 5
give me a minute
half of my friends are late
double or nothing
double trouble
two thirds of americans own a home
""".strip().split("\n")
negatives = [{"id": f"near-{i:03d}", "message": m, "must_abstain": True} for i, m in enumerate(near)]


def write(name, rows):
    with open(HERE / name, "w", encoding="utf-8") as f:
        for r in rows:
            f.write(json.dumps(r, ensure_ascii=False) + "\n")


def tested(it):
    return hashlib.sha256(it["message"].strip().encode()).hexdigest()[0] in "89abcdef"


write("dev.jsonl", [i for i in items if not tested(i)])
write("test.jsonl", [i for i in items if tested(i)])
write("near.jsonl", negatives)


# Written after the grammars, to see where they fire wrongly or miss: other words for
# what each family answers, and messages that look like a question for one and are
# none, or whose answer is a guess. Nothing of it was made from a pattern of a grammar.
wild = []


def ask(family, *pairs):
    for message, expect in pairs:
        wild.append({"id": f"{family}-{sum(1 for i in wild if i['id'].startswith(family + '-')):03d}", "message": message, "expect": str(expect)})


ask("w.num", ("forty two plus nineteen", 61), ("whats 12*12", 144), ("what's 3.5 + 4.25", "7.75"), ("could you multiply 17 by 23 for me?", 391), ("i need 9876 minus 1234", 8642),
    ("compute 144 divided by 12 please", 12), ("(12 + 8) / 4 = ?", 5), ("what's two hundred and six times four", 824), ("1,250 + 2,750", 4000), ("what is 7 x 8 x 9", 504),
    ("what is 2^10", 1024), ("what is -5 + 12", 7), ("what is -3 * -4", 12), ("negative six plus ten", 4), ("what's one thousand minus one", 999), ("how much is 0.1 + 0.2", "0.3"),
    ("what do i get if i divide 81 by 9", 9), ("what's the product of 12 and 11", 132), ("half of 90", 45), ("what is a third of 99", 33), ("what is two fifths of 40", 16), ("double 37", 74),
    ("sum of 4, 8, 15, 16, 23 and 42", 108), ("what is 10 - 4", 6), ("what's 100 / 8", "12.5"), ("20 plus 22", 42))
ask("w.percent", ("what's fifteen percent of two hundred", 30), ("25% of 80 is what", 20), ("how much would 30% off $80 be", 56), ("what is 80 minus 15%", 68), ("raise 250 by 4 percent", 260),
    ("what percentage is 45 of 60", "75%"), ("7 out of 20 as a percentage", "35%"), ("by what percent did 50 grow to 65", "30%"), ("tip 18% on $50", 9), ("20 percent tip on 64 dollars", "12.8"),
    ("what is 8% sales tax on $75", 6), ("what's 12.5% of 640", 80))
ask("w.integer", ("is 221 prime", "no"), ("is 97 a prime number?", "yes"), ("is 1 prime", "no"), ("gcd of 84 and 36", 12), ("lowest common multiple of 21 and 6", 42), ("prime factorization of 360", "2^3 * 3^2 * 5"),
    ("is 91 divisible by 7", "yes"), ("what's the remainder when 100 is divided by 7", 2), ("is 0 even or odd", "even"), ("square root of 1225", 35), ("cube root of 343", 7), ("what is 13 squared", 169), ("4 cubed", 64), ("6!", 720),
    ("what is the 10th fibonacci number", 55), ("what is hex ff in decimal", 255), ("77 in binary", "1001101"), ("convert 2026 to roman numerals", "MMXXVI"), ("what is XLII in decimal", 42), ("write 1999 in words", "one thousand nine hundred ninety-nine"))
ask("w.stat", ("average of 10, 20 and 60", 30), ("what's the mean of 3 5 7 9", 6), ("median of 9, 1, 5", 5), ("median of 1, 2, 3, 10", "2.5"), ("largest of 12, 99, 3", 99), ("what's the minimum of 7, -2, 4", -2), ("range of 3, 9, 14", 11), ("sort 5, 3, 9, 1", "1, 3, 5, 9"))
ask("w.unit", ("how many inches is 6 feet", "72 inches"), ("5 km in miles", dec(F(5000) / F("1609.344"), 6) + " miles"), ("what is 350 fahrenheit in celsius", dec(F(318) * 5 / 9, 6)), ("convert 2.5 hours to minutes", "150 minutes"), ("how many ounces in 3 pounds", "48 ounces"),
    ("how many cups are in a gallon", 16), ("how many teaspoons in a tablespoon", dec(F("0.01478676478125") / F("0.00492892159375"), 6)), ("100 kph in mph", dec(F(100000) / F("1609.344"), 6)), ("how many seconds are in a day", 86400), ("turn 500 grams into kilograms", "0.5 kilograms"),
    ("72 inches to feet", "6 feet"), ("how many days are in 3 weeks", 21), ("how many square feet are in an acre", 43560), ("0 celsius in kelvin", "273.15"), ("how many megabytes in 2 gigabytes", 2000), ("twelve inches in centimeters", "30.48 centimeters"), ("a dozen feet in meters", "3.6576 meters"))
ask("w.date", ("how many days between january 1, 2024 and march 1, 2024", "60 days"), ("what day of the week was july 20, 1969", "Sunday"), ("what date is 100 days after 2026-01-01", "2026-04-11"), ("is 2100 a leap year", "no"), ("was 2000 a leap year", "yes"),
    ("how many days does february 2028 have", "29 days"), ("two weeks from today", TODAY + datetime.timedelta(14)), ("what is the date 3 months after january 31, 2026", "2026-04-30"), ("how many weeks between 2026-01-01 and 2026-01-29", "4 weeks"),
    ("what weekday is december 25, 2026", "Friday"), ("how many days until december 31, 2026", f"{(datetime.date(2026, 12, 31) - TODAY).days} days"), ("how many days between 2026-05-10 and 2026-04-30", "10 days"), ("what day is tomorrow", f"{TODAY + datetime.timedelta(1):%A}"))
ask("w.text", ("how do you spell conscientious", "c o n s c i e n t i o u s"), ("how many e's are in nevertheless", "nevertheless".count("e")), ("how many letters are in the word onomatopoeia", 12), ("reverse the word stressed", "desserts"), ("is racecar a palindrome", "yes"),
    ("is \"A man, a plan, a canal: Panama\" a palindrome", "yes"), ("are listen and silent anagrams", "yes"), ("are \"dormitory\" and \"dirty room\" anagrams", "yes"), ("how many letters are in \"hello world\"", 10), ("how many characters are in \"hello world\"", 11), ("how many words are in \"one two three\"", 3),
    ("uppercase \"make it so\"", "MAKE IT SO"), ("alphabetize: mango, apple, kiwi", "apple\nkiwi\nmango"), ("how many times does the word \"an\" appear in \"an ant and an owl\"", 2), ("remove duplicates from the list: a, b, a, c", "a, b, c"))
ask("w.code", ("sha256 of \"abc\"", hashlib.sha256(b"abc").hexdigest()), ("md5 hash of hello", hashlib.md5(b"hello").hexdigest()), ("base64 encode \"hello world\"", "aGVsbG8gd29ybGQ="), ("base64 decode aGVsbG8=", "hello"), ("url encode \"a b&c\"", "a%20b%26c"), ("is 10.0.0.256 a valid ip address", "no"), ("is jane.doe@example.com a valid email", "yes"),
    ("is 4111111111111111 a valid credit card number", "yes"), ("hex encode \"hi\"", "6869"))
ask("w.zone", ("what time zone is tokyo in", "Asia/Tokyo (JST, UTC+09:00)"), ("if it's 9 am in london what time is it in tokyo", "18:00"))
ask("w.mix", ("what is 12 + 30 and how many inches are in 2 feet", "42\n24 inches"), ("spell queue, then reverse the word stop", "q u e u e\npots"))

hard = """what is 9/11
what's 24/7
what is 50/50
what is 20/20
what is 911
what is 555-0199
what is 800-555-1212
what is 3-1-2026
what is 2026-11-28
what is 1914-1918
what is the date for my exam
what's the date for the party
what is the time for the meeting
what time is it for the game
what day is it for the test
spell check
spelling bee
spell checker
spelling test
can you spell check this
can you spell check
how many letters are in the alphabet
how many letters are in alphabet
how many letters does he have
how many letters did she get
how many letters are in english
how many characters are in hamlet
how many characters are in friends
how many characters does minecraft have
md5 hash
sha256 hash
sha256 checksum
md5 sum
md5 checksum
what is md5 for passwords
md5 of file
image to base64
pdf to html
markdown to html
convert markdown to html
rgb to hex
convert rgb to hex
decimal to hex
text to hex
json to base64
base64 decode online
base64 decode string
base64 encode file
is gmail an email
is gmail an email address
is paypal a credit card
is visa a credit card
is amex a credit card
is december a date
is tomorrow a date
is john a phone number
convert mix to numbers
convert civil to numbers
what is C in decimal
how many feet in a smile
how many feet in a hard
how many cups in a pine
how many pounds in a found
what time is it in rose
what is the data today
what is the data for today
what is 5 plums 3
what is the mean of life
what is the range of a tesla
what is the mode of transport
what is the sum of its parts
what is the product of the company
what is the square root of the problem
what's the difference between 5g and 4g
what's the difference between 401k and 403b
what is the difference between model 3 and model s
add 2 to my cart
add 3 and 4 to my list
take 5 from my savings
subtract it from my balance
split the bill
divide the work between 3 people
multiply like rabbits
round 2
what is 100 in pounds
100 pounds in dollars
convert 100 pounds to dollars
how much is 100 pounds in euros
convert 20 dollars to pounds
how many yards does he have this season
how many minutes does he play
how many seconds left
how many days off do i have
how many days do i have left
how many hours until my flight
how many weeks until my due date
how many hours do i work
how many points in a touchdown
how many cups of coffee a day is safe
how many miles per gallon does it get
how many calories in a pound of fat
how long is 5 miles
how far is 10 miles from here
how hot is it
how heavy is a ton of bricks
how tall is 6 feet
is 100 fahrenheit hot
is 7 my lucky number
is 2026 an odd year for an election
is 13 unlucky or lucky
is 40 old
is it even
is this odd
what year is it due
what month is it due
what day is the meeting
what date is the concert
what time is the train
what time is dinner
what time is it when it's late
when is tomorrow
today
tomorrow
what about tomorrow
2 days ago i lost my card
i lost my card 3 days ago
my card expires 12/26
i was charged $30 twice
why was i charged 5%
what is the 5% fee
20% off coupon
get 20% off
50% off sale
5 star hotels
top 10
section 8
route 66
area 51
boeing 747
formula 1
windows 11
level 42
g7 summit
7-eleven
1-800-flowers
pick up 2 pizzas and 3 sodas
2 adults and 3 children
2 for 1
3 for 2 deal
buy one get one free
one in a million
two and a half men
twelve angry men
ocean's 11
catch-22
fahrenheit 451
1984
2001 a space odyssey
10 things i hate about you
reverse the charges
reverse psychology
reverse the car
sort my email
sort this out
replace my card
replace the battery
capitalize on this
count my steps
count sheep
count to 10
find the unique selling points
extract my wisdom teeth
extract the data from this report
hash browns recipe
encode a video
decode a secret
is my card valid
is my passport valid
is the number valid
is that correct
validate my parking
what is the host of the show
what is the port of los angeles
what is the path to success
what is the domain of a function
roll the dice
flip a coin
draw a card
what is the third world
what is the second amendment
the first 5 presidents
list the first 10 presidents
what is the 5th element
what is the 10th amendment
factor in inflation
what are the factors
prime rib
prime minister
amazon prime
is amazon prime worth it
square enix
cube steak
power of attorney
what is the power of now
root beer
average joe
mean girls
what is mean
what is the median household income
what's the maximum
what is the minimum payment
what is the total
what is the total due
what is the balance
how much is too much
how much is enough
how much is it
how much is that in dollars
convert it
convert that to celsius
what is that in feet
change my pin to 1234
change my address
change the channel to 5
turn the volume up by 20%
turn the lights to 50%
set the temperature to 72 degrees
set it to 350 fahrenheit
what is room temperature in celsius
what is body temperature in fahrenheit
what temperature is it in celsius
what is a normal blood pressure
what is 120 over 80 blood pressure
how old is someone born in 1990
how old am i
if i was born in 1990 how old am i
what week of pregnancy am i in
what is the week like
which day works for you
on what day do you close
what's the weekday special
is it a leap year thing
is it a business day
how many business days does a transfer take
how many working days until my card arrives
5 business days
3 to 5 business days
""".strip().split("\n")
write("wild.jsonl", wild)
write("hard.jsonl", [{"id": f"hard-{i:03d}", "message": m, "must_abstain": True} for i, m in enumerate(hard)])
