package encode

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// The values are those of RFC 4231, case 2, and RFC 9562, appendix A.4.
func TestHMACAndUUID(t *testing.T) {
	out, err := HMAC(context.Background(), HMACInput{"what do ya want for nothing?", "text", "Jefe", "text", "sha256"})
	if err != nil || out.Hex != "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" || out.Base64 != "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=" {
		t.Errorf("%+v, %v", out, err)
	}
	id, err := UUID(context.Background(), UUIDInput{"dns", "www.example.com"})
	if err != nil || id.UUID != "2ed6657d-e927-568b-95e1-2665a8aea6a2" {
		t.Errorf("%+v, %v", id, err)
	}
	for name, space := range map[string]uuid.UUID{"url": uuid.NameSpaceURL, "oid": uuid.NameSpaceOID, "x500": uuid.NameSpaceX500, uuid.NameSpaceURL.String(): uuid.NameSpaceURL} {
		if id, err := UUID(context.Background(), UUIDInput{name, "x"}); err != nil || id.UUID != uuid.NewSHA1(space, []byte("x")).String() {
			t.Errorf("%s: %+v, %v", name, id, err)
		}
	}
}

// The token is that of RFC 7519, section 3.1.
func TestJWT(t *testing.T) {
	token := "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	out, err := JWT(context.Background(), JWTInput{token})
	if err != nil || !strings.Contains(string(out.Claims), `"iss":"joe"`) || !strings.Contains(string(out.Header), "HS256") || !strings.HasPrefix(out.Signature, "dBjf") {
		t.Errorf("%+v, %v", out, err)
	}
	for _, bad := range []string{"", "a.b", "a.b.c", "W10.e30.x", "e30.W10.x", "e30=.e30.x"} {
		if out, err := JWT(context.Background(), JWTInput{bad}); err == nil || !strings.HasPrefix(err.Error(), "token: ") {
			t.Errorf("%q = %+v, %v", bad, out, err)
		}
	}
}

func TestURL(t *testing.T) {
	out, err := URL(context.Background(), URLInput{"HTTPS://me@Example.com:8443/a%20b/c?q=x+y&q=%C3%A9&empty#top"})
	if want := "{https me example.com 8443 /a b/c [{q x y} {q é} {empty }] top}"; err != nil || fmt.Sprint(out) != want {
		t.Errorf("%v, %v", out, err)
	}
	if out, err := URL(context.Background(), URLInput{"http://[2001:db8::1]:80"}); err != nil || out.Host != "[2001:db8::1]" || out.Port != "80" {
		t.Errorf("%+v, %v", out, err)
	}
	for _, bad := range []string{"", "example.com", "://x", "http://", "http://a b/", "http://x:y/", "http://[1.2.3.4]/", "http://x/%zz", "http://x/%ff"} {
		if out, err := URL(context.Background(), URLInput{bad}); err == nil {
			t.Errorf("%q = %+v", bad, out)
		}
	}
}

// FuzzURLParts compares with net/url where both take a URL.
func FuzzURLParts(f *testing.F) {
	f.Add("https://me@example.com:8443/a%20b?q=1#x")
	f.Fuzz(func(t *testing.T, text string) {
		out, err := URL(context.Background(), URLInput{text})
		if err != nil {
			return
		}
		u, err := url.Parse(text)
		if err != nil {
			return
		}
		if out.Scheme != u.Scheme || out.Path != u.Path || out.Port != u.Port() || strings.Trim(out.Host, "[]") != strings.ToLower(u.Hostname()) || out.Fragment != u.Fragment {
			t.Errorf("%q = %+v, net/url says %+v", text, out, u)
		}
	})
}
