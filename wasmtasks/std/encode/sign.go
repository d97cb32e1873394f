package encode

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1" // names of RFC 9562 are made with it
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"net/netip"
	"strings"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// HMACInput is a message and a key. A key in a graph is no secret from those who
// run it.
type HMACInput struct {
	Data        string `json:"data"`
	Encoding    string `json:"encoding" jsonschema:"enum=text,enum=base64,enum=base64url,enum=hex" jsonschema_description:"how the data is written"`
	Key         string `json:"key"`
	KeyEncoding string `json:"key_encoding" jsonschema:"enum=text,enum=base64,enum=base64url,enum=hex"`
	Algorithm   string `json:"algorithm" jsonschema:"enum=sha256,enum=sha384,enum=sha512"`
}

// HMACOutput is the code, in hex and base64.
type HMACOutput struct {
	Hex    string `json:"hex"`
	Base64 string `json:"base64"`
}

// HMAC computes a keyed hash (RFC 2104).
func HMAC(_ context.Context, in HMACInput) (HMACOutput, error) {
	for _, e := range [...][2]string{{"encoding", in.Encoding}, {"key_encoding", in.KeyEncoding}} {
		if err := field.OneOf(e[0], e[1], "text", "base64", "base64url", "hex"); err != nil {
			return HMACOutput{}, err
		}
	}
	data, err := decode("data", in.Data, "encoding", in.Encoding)
	if err != nil {
		return HMACOutput{}, err
	}
	key, err := decode("key", in.Key, "key_encoding", in.KeyEncoding)
	if err != nil {
		return HMACOutput{}, err
	}
	hashes := map[string]func() hash.Hash{"sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New}
	if hashes[in.Algorithm] == nil {
		return HMACOutput{}, field.OneOf("algorithm", in.Algorithm, "sha256", "sha384", "sha512")
	}
	h := hmac.New(hashes[in.Algorithm], key)
	h.Write(data)
	code := h.Sum(nil)
	return HMACOutput{hex.EncodeToString(code), base64.StdEncoding.EncodeToString(code)}, nil
}

// UUIDInput is a name in a namespace.
type UUIDInput struct {
	Namespace string `json:"namespace" jsonschema_description:"dns, url, oid or x500, or a UUID"`
	Name      string `json:"name" jsonschema:"maxLength=10000"`
}

// UUIDOutput is the UUID of the name.
type UUIDOutput struct {
	UUID string `json:"uuid"`
}

// UUID makes the UUID of a name: version 5 of RFC 9562, the same every time.
func UUID(_ context.Context, in UUIDInput) (UUIDOutput, error) {
	if err := field.AtMost("name", len(in.Name), 10_000, "bytes"); err != nil {
		return UUIDOutput{}, err
	}
	known := map[string]string{"dns": "0", "url": "1", "oid": "2", "x500": "4"}
	text := in.Namespace
	if digit, ok := known[text]; ok {
		text = "6ba7b81" + digit + "-9dad-11d1-80b4-00c04fd430c8"
	}
	namespace, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(namespace) != 16 || len(text) != 36 {
		return UUIDOutput{}, field.Errorf("namespace", "%.40q is neither dns, url, oid or x500 nor a UUID", in.Namespace)
	}
	sum := sha1.Sum(append(namespace, in.Name...))
	sum[6], sum[8] = sum[6]&15|0x50, sum[8]&63|0x80
	return UUIDOutput{fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])}, nil
}

// JWTInput is a token.
type JWTInput struct {
	Token string `json:"token" jsonschema:"maxLength=100000"`
}

// JWTOutput is what it says. That anybody signed it is not checked.
type JWTOutput struct {
	Header    json.RawMessage `json:"header"`
	Claims    json.RawMessage `json:"claims"`
	Signature string          `json:"signature" jsonschema_description:"in base64url; it is not verified"`
}

// JWT reads a JSON Web Token (RFC 7519) without verifying it.
func JWT(_ context.Context, in JWTInput) (JWTOutput, error) {
	if err := field.AtMost("token", len(in.Token), 100_000, "bytes"); err != nil {
		return JWTOutput{}, err
	}
	parts := strings.Split(strings.TrimSpace(in.Token), ".")
	if len(parts) != 3 {
		return JWTOutput{}, field.Errorf("token", "has %d parts between dots, not three", len(parts))
	}
	var decoded [2]json.RawMessage
	for i := range decoded {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(parts[i])
		if err != nil || !json.Valid(raw) || !bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
			return JWTOutput{}, field.Errorf("token", "part %d is not a JSON object in base64url", i+1)
		}
		decoded[i] = raw
	}
	return JWTOutput{decoded[0], decoded[1], parts[2]}, nil
}

// URLInput is a URL.
type URLInput struct {
	URL string `json:"url" jsonschema:"maxLength=10000" jsonschema_description:"absolute, with an authority: scheme://host; the host is not percent-encoded"`
}

// URLOutput is its parts, decoded where they are percent-encoded.
type URLOutput struct {
	Scheme   string      `json:"scheme"`
	User     string      `json:"user"`
	Host     string      `json:"host"`
	Port     string      `json:"port"`
	Path     string      `json:"path"`
	Query    []Parameter `json:"query" jsonschema_description:"in the order they have"`
	Fragment string      `json:"fragment"`
}

// Parameter is a name and value of a query.
type Parameter struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// URL takes a URL apart, as RFC 3986 does.
func URL(_ context.Context, in URLInput) (URLOutput, error) {
	if err := field.AtMost("url", len(in.URL), 10_000, "bytes"); err != nil {
		return URLOutput{}, err
	}
	scheme, rest, ok := strings.Cut(in.URL, "://")
	if !ok || scheme == "" || strings.Trim(strings.ToLower(scheme), "abcdefghijklmnopqrstuvwxyz0123456789+-.") != "" {
		return URLOutput{}, field.Errorf("url", "%.40q does not begin with a scheme and ://", in.URL)
	}
	out := URLOutput{Scheme: strings.ToLower(scheme), Query: []Parameter{}}
	rest, fragment, _ := strings.Cut(rest, "#")
	rest, query, hasQuery := strings.Cut(rest, "?")
	authority, path := rest, ""
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		authority, path = rest[:i], rest[i:]
	}
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		out.User, authority = authority[:i], authority[i+1:]
	}
	if out.Host, out.Port, ok = hostPort(authority); !ok {
		return URLOutput{}, field.Errorf("url", "%.60q is not a host, with a port or without", authority)
	}
	var err error
	if out.Path, err = plain(path, false); err != nil {
		return URLOutput{}, err
	}
	if out.Fragment, err = plain(fragment, false); err != nil {
		return URLOutput{}, err
	}
	if !hasQuery || query == "" {
		return out, nil
	}
	for _, pair := range strings.Split(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if name, err = plain(name, true); err != nil {
			return URLOutput{}, err
		}
		if value, err = plain(value, true); err != nil {
			return URLOutput{}, err
		}
		out.Query = append(out.Query, Parameter{name, value})
	}
	return out, nil
}

// plain decodes a part of a URL.
func plain(part string, form bool) (string, error) {
	raw, err := unescape(part, form)
	if err != nil {
		return "", field.Errorf("url", "%v", err)
	}
	if text := strings.ToValidUTF8(string(raw), "\ufffd"); text != string(raw) {
		return "", field.Errorf("url", "%.60q is not UTF-8 when decoded", part)
	}
	return string(raw), nil
}

func hostPort(authority string) (host, port string, ok bool) {
	host = strings.ToLower(authority)
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host, port = host[:i], host[i+1:]
		if strings.Trim(port, "0123456789") != "" {
			return "", "", false
		}
	}
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner, closed := strings.CutSuffix(inner, "]")
		a, err := netip.ParseAddr(inner)
		return host, port, closed && err == nil && a.Is6()
	}
	return host, port, host != "" && !strings.ContainsAny(host, " %:/?#[]@<>\"\\^`{|}")
}
