package accesslog

import (
	"net/netip"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// appendText appends b to dst as text for a report: \" and \\ are unescaped,
// control characters and bytes that are not UTF-8 are written as \xHH, as
// servers themselves do. Equal bytes give equal text, and the text is UTF-8.
func appendText(dst, b []byte) []byte {
	for i := 0; i < len(b); {
		c := b[i]
		switch {
		case c == '\\' && i+1 < len(b) && (b[i+1] == '"' || b[i+1] == '\\'):
			dst = append(dst, b[i+1])
			i += 2
		case c < ' ' || c == 0x7f:
			dst = appendHex(dst, c)
			i++
		case c < utf8.RuneSelf:
			dst = append(dst, c)
			i++
		default:
			r, n := utf8.DecodeRune(b[i:])
			if r == utf8.RuneError && n == 1 {
				dst = appendHex(dst, c)
			} else {
				dst = append(dst, b[i:i+n]...)
			}
			i += n
		}
	}
	return dst
}

func appendHex(dst []byte, c byte) []byte {
	return append(dst, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
}

// appendClient appends the one spelling of a client: addresses in their RFC
// 5952 form with IPv4-mapped ones as IPv4, host names in lower case.
func appendClient(dst, client []byte) []byte {
	s := string(client)
	if len(s) > 2 && s[0] == '[' && s[len(s)-1] == ']' {
		s = s[1 : len(s)-1]
	}
	if addr, err := netip.ParseAddr(s); err == nil {
		return addr.Unmap().AppendTo(dst)
	}
	name := []byte(s)
	for i, c := range name {
		if c >= 'A' && c <= 'Z' {
			name[i] = c + 'a' - 'A'
		}
	}
	return appendText(dst, name)
}

// appendPath appends a request target without its query.
func appendPath(dst, target []byte) []byte {
	for i, c := range target {
		if c == '?' {
			return appendText(dst, target[:i])
		}
	}
	return appendText(dst, target)
}
