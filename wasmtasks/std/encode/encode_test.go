package encode

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"testing"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

var ctx = context.Background()

func TestConvert(t *testing.T) {
	for _, tc := range []struct{ data, from, to, want string }{
		{"Grüße", "text", "base64", "R3LDvMOfZQ=="}, {"R3LDvMOfZQ", "base64url", "text", "Grüße"}, {"R3LDvMOfZQ==", "base64url", "hex", "4772c3bcc39f65"},
		{"ff00", "hex", "base64url", "_wA"}, {"FF", "hex", "base64", "/w=="}, {"a b&c", "text", "url_component", "a%20b%26c"}, {"a b+c", "text", "url_form", "a+b%2Bc"},
		{"a+b%20c", "url_form", "text", "a b c"}, {"a+b", "url_component", "text", "a+b"}, {`<a href="x">`, "text", "html", "&lt;a href=&#34;x&#34;&gt;"},
		{"&eacute;&#x41;&amp;", "html", "text", "éA&"}, {"", "hex", "base64", ""},
	} {
		if out, err := Convert(ctx, ConvertInput{tc.data, tc.from, tc.to}); err != nil || out.Data != tc.want {
			t.Errorf("%q from %s to %s = %q, %v, want %q", tc.data, tc.from, tc.to, out.Data, err, tc.want)
		}
	}
}

// The digests are those of sha256sum, sha512sum, md5sum and crc32.
func TestDigest(t *testing.T) {
	out, err := Digest(ctx, DigestInput{"616263", "hex", []string{"sha256", "md5", "crc32"}})
	if err != nil || out.Bytes != 3 || out.Digests["crc32"] != "352441c2" || out.Digests["md5"] != "900150983cd24fb0d6963f7d28e17f72" ||
		out.Digests["sha256"] != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Errorf("%+v, %v", out, err)
	}
	for name, size := range map[string]int{"sha384": 96, "sha512": 128} {
		if out, err := Digest(ctx, DigestInput{"", "text", []string{name}}); err != nil || len(out.Digests[name]) != size {
			t.Errorf("%+v, %v", out, err)
		}
	}
}

func TestFaultsNameTheField(t *testing.T) {
	run := func(_ any, err error) error { return err }
	for _, tc := range []struct {
		field string
		err   error
	}{
		{"data", run(Convert(ctx, ConvertInput{"a", "hex", "text"}))}, {"data", run(Convert(ctx, ConvertInput{"a%2", "url_form", "text"}))},
		{"data", run(Convert(ctx, ConvertInput{"a%zz", "url_component", "text"}))}, {"data", run(Convert(ctx, ConvertInput{"/w", "base64", "hex"}))},
		{"data", run(Convert(ctx, ConvertInput{"/x==", "base64", "hex"}))}, {"to", run(Convert(ctx, ConvertInput{"ff", "hex", "text"}))},
		{"to", run(Convert(ctx, ConvertInput{"ff", "hex", "rot13"}))}, {"from", run(Convert(ctx, ConvertInput{"ff", "", "hex"}))},
		{"encoding", run(Digest(ctx, DigestInput{"", "html", []string{"md5"}}))}, {"algorithms", run(Digest(ctx, DigestInput{"", "text", nil}))},
		{"algorithms[1]", run(Digest(ctx, DigestInput{"", "text", []string{"md5", "sha0"}}))},
	} {
		if fault, ok := errors.AsType[*field.Error](tc.err); !ok || fault.Field != tc.field {
			t.Errorf("%v, want one about %s", tc.err, tc.field)
		}
	}
}

// FuzzURL compares with net/url and goes there and back.
func FuzzURL(f *testing.F) {
	f.Add("a b%2f+", []byte{0, 255, ' '})
	f.Fuzz(func(t *testing.T, text string, raw []byte) {
		got, err := unescape(text, true)
		want, wantErr := url.QueryUnescape(text)
		if (err == nil) != (wantErr == nil) || err == nil && string(got) != want {
			t.Errorf("%q = %q, %v; net/url says %q, %v", text, got, err, want, wantErr)
		}
		if back, err := unescape(escape(raw, "%20"), false); err != nil || !bytes.Equal(back, raw) {
			t.Errorf("%q comes back as %q, %v", raw, back, err)
		}
	})
}
