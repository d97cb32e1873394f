package encode

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// escape percent-encodes all but the unreserved characters of RFC 3986.
func escape(raw []byte, space string) string {
	var b strings.Builder
	b.Grow(len(raw))
	for _, c := range raw {
		switch {
		case c == ' ':
			b.WriteString(space)
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0:
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', "0123456789ABCDEF"[c>>4], "0123456789ABCDEF"[c&15]})
		}
	}
	return b.String()
}

// unescape decodes percent-encoding. Characters that need not be encoded may
// stand for themselves.
func unescape(text string, plusIsSpace bool) ([]byte, error) {
	raw := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '+' && plusIsSpace:
			raw = append(raw, ' ')
		case c == '%':
			b, err := hex.DecodeString(text[i+1 : min(i+3, len(text))])
			if err != nil || len(b) != 1 {
				return nil, fmt.Errorf("no two hex digits after the %% at byte %d", i)
			}
			raw = append(raw, b[0])
			i += 2
		default:
			raw = append(raw, c)
		}
	}
	return raw, nil
}
