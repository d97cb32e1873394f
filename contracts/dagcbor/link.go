package dagcbor

import (
	"encoding/json"
	"fmt"

	"github.com/ipfs/go-cid"
)

// Link is a CID inside a document: tag 42 over 0x00 and the CID in DAG-CBOR,
// {"/": "<cid>"} in JSON. The zero Link is undefined: it is left out by
// omitempty (CBOR) or omitzero (JSON), is null in JSON, and cannot be encoded
// in DAG-CBOR otherwise. Links are comparable; as names of members in JSON they
// cannot be read back, because encoding/json prefers UnmarshalJSON there too.
// A link may carry a CID of any kind; CheckCID tells the kinds Krako can verify.
type Link struct{ cid.Cid }

// maxLinkText is the length of the longest CID in base32 after its prefix.
const maxLinkText = 1 + (8*MaxCID+4)/5

// ParseLink returns the link that String spells. It refuses every other
// spelling of the same CID, such as another multibase.
func ParseLink(s string) (Link, error) {
	if len(s) > maxLinkText {
		return Link{}, fmt.Errorf("parse link: %d bytes, want at most %d", len(s), maxLinkText)
	}
	c, err := cid.Decode(s)
	if err != nil {
		return Link{}, fmt.Errorf("parse link %q: %w", s, err)
	}
	if l := (Link{c}); l.String() == s {
		return l, nil
	}
	return Link{}, fmt.Errorf("parse link %q: not the canonical text, which is %s", s, c)
}

// String returns the CID in its canonical text (base32 for CIDv1), "" when
// undefined.
func (l Link) String() string {
	if !l.Defined() {
		return ""
	}
	return l.Cid.String()
}

// MarshalBinary returns the content of the CBOR tag, empty for an undefined
// link. It serves the encoder; Bytes gives the plain CID.
func (l Link) MarshalBinary() ([]byte, error) {
	if !l.Defined() {
		return nil, nil
	}
	return append(make([]byte, 1, 1+l.ByteLen()), l.KeyString()...), nil
}

// UnmarshalBinary reads the content of the CBOR tag. It serves the decoder.
func (l *Link) UnmarshalBinary(b []byte) error {
	if err := checkLink(b); err != nil {
		return fmt.Errorf("decode link: %w", err)
	}
	c, err := cid.Cast(b[1:])
	if err != nil {
		return fmt.Errorf("decode link: %w", err)
	}
	l.Cid = c
	return nil
}

// MarshalText returns String: the form in logs, flags and URLs.
func (l Link) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (l *Link) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*l = Link{}
		return nil
	}
	parsed, err := ParseLink(string(b))
	if err != nil {
		return err
	}
	*l = parsed
	return nil
}

// MarshalJSON writes {"/": "<cid>"}, null for an undefined link.
func (l Link) MarshalJSON() ([]byte, error) {
	if !l.Defined() {
		return []byte("null"), nil
	}
	return []byte(`{"/":"` + l.String() + `"}`), nil
}

// UnmarshalJSON reads {"/": "<cid>"} or null. That a key is not repeated is
// the concern of the document's decoder.
func (l *Link) UnmarshalJSON(b []byte) error {
	var object map[string]string
	if err := json.Unmarshal(b, &object); err != nil {
		return fmt.Errorf("decode link: %w", err)
	}
	if object == nil {
		*l = Link{}
		return nil
	}
	text, ok := object["/"]
	if !ok || len(object) != 1 {
		return fmt.Errorf("decode link: want {\"/\": \"<cid>\"}, have %.120s", b)
	}
	parsed, err := ParseLink(text)
	if err != nil {
		return err
	}
	*l = parsed
	return nil
}
