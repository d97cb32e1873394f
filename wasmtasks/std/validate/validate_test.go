package validate

import (
	"context"
	"net/mail"
	"strings"
	"testing"
)

func TestChecks(t *testing.T) {
	for _, tc := range []struct {
		name      string
		check     Check
		good, bad string // separated by |, good ones with their usual form after =>
	}{
		{"luhn", Luhn, "4111 1111 1111 1111=>4111111111111111|79927398713|0-0=>00", "4111111111111112|1||4111  1111|abc|-18|18-"},
		{"isbn", ISBN, "0-306-40615-2=>9780306406157|978-3-16-148410-0=>9783161484100|080442957X=>9780804429573|0-8044-2957-x=>9780804429573", "0306406153|9783161484101|9773161484100|123|978316148410X||X"},
		{"iban", IBAN, "DE89 3704 0044 0532 0130 00=>DE89370400440532013000|gb82west12345698765432=>GB82WEST12345698765432|NO9386011117947", "DE89370400440532013001|DE8937040044053201300|ZZ89370400440532013000|24AE370400440532013000|DE89-3704|é|"},
		{"ip", IP, "192.0.2.1|2001:DB8::0:1=>2001:db8::1|10.0.0.0/8|2001:db8::/32", "256.1.1.1|1.2.3|01.2.3.4|fe80::1%eth0|10.0.0.0/33||::g"},
		{"date", Date, "2024-02-29|9999-12-31", "2026-02-29|2026-2-1|0000-01-01|20260301|"},
		{"phone", Phone, "+49 (30) 901820=>+4930901820|+1-202-555-0123=>+12025550123", "030 901820|+0491234567|+123|+1234567890123456|+49 30 x|+|"},
		{"email", Email, "a@b.de|First.Last+tag@Example.COM=>First.Last+tag@example.com|o'hara@xn--bcher-kva.example", "a@b|@b.de|a.b.de|a..b@c.de|.a@b.de|a@-b.de|a@b..de|a b@c.de|ä@b.de|a@b.1|a@b_c.de|\"a b\"@c.de"},
	} {
		for _, g := range strings.Split(tc.good, "|") {
			text, want, other := strings.Cut(g, "=>")
			if !other {
				want = text
			}
			if out, err := tc.check(context.Background(), Input{text}); err != nil || !out.Valid || out.Normalized != want || out.Reason != "" {
				t.Errorf("%s %q: %+v, %v, want %q", tc.name, text, out, err, want)
			}
		}
		for _, text := range strings.Split(tc.bad, "|") {
			if out, err := tc.check(context.Background(), Input{text}); err != nil || out.Valid || out.Reason == "" || out.Normalized != "" {
				t.Errorf("%s %q: %+v, %v", tc.name, text, out, err)
			}
		}
	}
}

func TestBounded(t *testing.T) {
	if _, err := Bounded(Luhn)(context.Background(), Input{strings.Repeat("0", 1001)}); err == nil || !strings.HasPrefix(err.Error(), "text: ") {
		t.Error(err)
	}
}

// FuzzChecks checks that usual forms are valid and their own usual form, and
// that net/mail takes every address that Email does.
func FuzzChecks(f *testing.F) {
	f.Add("a@b.de")
	f.Add("0-8044-2957-x")
	f.Add("DE89 3704 0044 0532 0130 00")
	f.Fuzz(func(t *testing.T, text string) {
		for name, check := range map[string]Check{"luhn": Luhn, "isbn": ISBN, "iban": IBAN, "ip": IP, "date": Date, "phone": Phone, "email": Email} {
			out, err := check(context.Background(), Input{text})
			if err != nil || out.Valid == (out.Reason != "") {
				t.Fatalf("%s %q: %+v, %v", name, text, out, err)
			}
			if !out.Valid {
				continue
			}
			if again, _ := check(context.Background(), Input{out.Normalized}); again != out {
				t.Errorf("%s %q: %+v, its form %+v", name, text, out, again)
			}
			if _, err := mail.ParseAddress(text); name == "email" && err != nil {
				t.Errorf("%q: %v", text, err)
			}
		}
	})
}
