package accesslog

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	const prefix = `203.0.113.9 - - [10/Oct/2000:13:55:36 -0700] `
	hour := time.Date(2000, 10, 10, 20, 0, 0, 0, time.UTC).Unix() / 3600
	for _, tc := range []struct {
		name, line string
		want       string // client|method|target|status|size|agent, or the error
	}{
		{"common", prefix + `"GET /a?b=c HTTP/1.0" 200 2326`, `203.0.113.9|GET|/a?b=c|200|2326|`},
		{"combined", prefix + `"GET /a HTTP/1.0" 200 2326 "http://x/" "Mozilla/4.08 [en]"`, `203.0.113.9|GET|/a|200|2326|Mozilla/4.08 [en]`},
		{"no body", prefix + `"HEAD / HTTP/1.1" 304 - "-" "-"`, `203.0.113.9|HEAD|/|304|0|`},
		{"escaped quotes", prefix + `"GET /\"x\\" HTTP/1.1" 200 1 "\\" "a \"b\""`, "bad: " + errStatus.Error()},
		{"escaped quotes closed", prefix + `"GET /\"x\\ HTTP/1.1" 200 1 "\\" "a \"b\""`, `203.0.113.9|GET|/\"x\\|200|1|a \"b\"`},
		{"IPv6 and user with space", `2001:db8::1 - frank smith [10/Oct/2000:13:55:36 -0700] "GET / HTTP/2.0" 200 5`, `2001:db8::1|GET|/|200|5|`},
		{"bracketed IPv6", `[2001:db8::1] - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/2.0" 200 5`, `[2001:db8::1]|GET|/|200|5|`},
		{"space in target", prefix + `"GET /a b HTTP/1.1" 200 5`, `203.0.113.9|GET|/a b|200|5|`},
		{"not HTTP", prefix + `"\x16\x03\x01" 400 226 "-" "-"`, `203.0.113.9|||400|226|`},
		{"no request", prefix + `"-" 408 - "-" "-"`, `203.0.113.9|||408|0|`},
		{"lower case method", prefix + `"get / HTTP/1.1" 400 0`, `203.0.113.9|||400|0|`},
		{"no protocol", prefix + `"GET /" 400 0`, `203.0.113.9|||400|0|`},
		{"fields after the agent", prefix + `"GET / HTTP/1.1" 200 5 "-" "x" "1.2.3.4" 0.01`, `203.0.113.9|GET|/|200|5|x`},
		{"binary in quotes", prefix + "\"GET /\x00\xff HTTP/1.1\" 200 5", "203.0.113.9|GET|/\x00\xff|200|5|"},

		{"empty", ``, "bad: " + errTimestamp.Error()},
		{"binary", "\x00\x01\xfe\xff", "bad: " + errTimestamp.Error()},
		{"no client", ` - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 5`, "bad: " + errNoClient.Error()},
		{"client only", `1.2.3.4 [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 5`, "bad: " + errNoClient.Error()},
		{"no such day", `1.2.3.4 - - [30/Feb/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 5`, "bad: " + errTimestamp.Error()},
		{"no such month", `1.2.3.4 - - [30/anF/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 5`, "bad: " + errTimestamp.Error()},
		{"hour 24", `1.2.3.4 - - [01/Feb/2000:24:00:00 -0700] "GET / HTTP/1.1" 200 5`, "bad: " + errTimestamp.Error()},
		{"before 1970", `1.2.3.4 - - [01/Jan/1970:00:00:00 +0100] "GET / HTTP/1.1" 200 5`, "bad: " + errTimestamp.Error()},
		{"cut off in the timestamp", `1.2.3.4 - - [10/Oct/2000:13`, "bad: " + errTimestamp.Error()},
		{"cut off after it", `1.2.3.4 - - [10/Oct/2000:13:55:36 -0700`, "bad: " + errTimestamp.Error()},
		{"cut off in the request", prefix + `"GET /`, "bad: " + errRequest.Error()},
		{"cut off in an escape", prefix + `"GET /\`, "bad: " + errRequest.Error()},
		{"no status", prefix + `"GET / HTTP/1.1"`, "bad: " + errStatus.Error()},
		{"status of four digits", prefix + `"GET / HTTP/1.1" 2000 5`, "bad: " + errStatus.Error()},
		{"status 099", prefix + `"GET / HTTP/1.1" 099 5`, "bad: " + errStatus.Error()},
		{"negative size", prefix + `"GET / HTTP/1.1" 200 -5`, "bad: " + errSize.Error()},
		{"size above 1 TiB", prefix + `"GET / HTTP/1.1" 200 1099511627777`, "bad: " + errSize.Error()},
		{"no size", prefix + `"GET / HTTP/1.1" 200 `, "bad: " + errSize.Error()},
		{"referrer only", prefix + `"GET / HTTP/1.1" 200 5 "-"`, "bad: " + errTail.Error()},
		{"agent cut off", prefix + `"GET / HTTP/1.1" 200 5 "-" "Moz`, "bad: " + errTail.Error()},
		{"text after the size", prefix + `"GET / HTTP/1.1" 200 5 x`, "bad: " + errTail.Error()},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l, err := Parse([]byte(tc.line))
			if got := describe(l, err); got != tc.want {
				t.Errorf("parsed %q, want %q", got, tc.want)
			}
			if err == nil && l.Hour != hour {
				t.Errorf("hour %d, want %d", l.Hour, hour)
			}
		})
	}
}

func describe(l Line, err error) string {
	if err != nil {
		return "bad: " + err.Error()
	}
	b := bytes.Join([][]byte{l.Client, l.Method, l.Target}, []byte("|"))
	return string(b) + "|" + itoa(int64(l.Status)) + "|" + itoa(l.Size) + "|" + string(l.Agent)
}

func TestHourAgreesWithTheTimePackage(t *testing.T) {
	for _, zone := range []int{0, 3600, -7 * 3600, 5*3600 + 1800, -(3*3600 + 1800)} {
		at := time.Date(1999, 12, 31, 20, 59, 59, 0, time.FixedZone("", zone))
		for range 400 {
			text := at.Format("02/Jan/2006:15:04:05 -0700")
			if hour, ok := parseHour([]byte(text)); !ok || hour != at.Unix()/3600 {
				t.Fatalf("parseHour(%q) = %d, %v, want %d", text, hour, ok, at.Unix()/3600)
			}
			at = at.Add(37*time.Hour + 13*time.Minute + 7*time.Second)
		}
	}
}

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		`plain é`:       `plain é`,
		`a\"b\\c\x41\n`: `a"b\c\x41\n`,
		"a\x00\tb\x7f":  `a\x00\x09b\x7f`,
		"\xff\xc3":      `\xff\xc3`,
		`\`:             `\`,
	} {
		if got := string(appendText(nil, []byte(in))); got != want {
			t.Errorf("text of %q is %q, want %q", in, got, want)
		}
	}
}

func TestClientHasOneSpelling(t *testing.T) {
	for in, want := range map[string]string{
		"203.0.113.9":                    "203.0.113.9",
		"::ffff:203.0.113.9":             "203.0.113.9",
		"2001:DB8:0:0:0:0:0:1":           "2001:db8::1",
		"[2001:db8::1]":                  "2001:db8::1",
		"Host.Example.ORG":               "host.example.org",
		"\xffz":                          `\xffz`,
		"2001:db8::1::2":                 "2001:db8::1::2",
		"fe80::1%eth0":                   "fe80::1%eth0",
		strings.Repeat("9", 300) + ".A.": strings.Repeat("9", 300) + ".a.",
	} {
		if got := string(appendClient(nil, []byte(in))); got != want {
			t.Errorf("client %q is %q, want %q", in, got, want)
		}
	}
}

// FuzzParse checks that every line either is refused for a listed reason or has
// sound fields.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`::1 - - [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.0" 200 2326 "-" "x \"y\""`))
	f.Add([]byte(`h - u v [01/Jan/2024:00:00:00 +0000] "\x16\x03" 400 -`))
	f.Add([]byte("\x00\xff [\""))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := Parse(b)
		if err != nil {
			for _, known := range []error{errNoClient, errTimestamp, errRequest, errStatus, errSize, errTail} {
				if errors.Is(err, known) {
					return
				}
			}
			t.Fatalf("unlisted error %v", err)
		}
		if len(l.Client) == 0 || bytes.ContainsRune(l.Client, ' ') || l.Hour < 0 || l.Status < 100 || l.Status > 599 ||
			l.Size < 0 || l.Size > maxSize || (l.Method == nil) != (l.Target == nil) {
			t.Fatalf("unsound line %+v", l)
		}
		for _, part := range [][]byte{l.Client, l.Method, l.Target, l.Agent} {
			if !bytes.Contains(b, part) {
				t.Fatalf("%q is not part of the line", part)
			}
		}
	})
}
