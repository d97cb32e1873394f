package validate

import (
	"context"
	"strings"
)

// Email judges an address of electronic mail in the form people use: the
// dot-string of RFC 5321, section 4.1.2, at a domain name with at least two
// labels. Quoted local parts, comments and address literals are not valid here.
func Email(_ context.Context, in Input) (Output, error) {
	at := strings.LastIndexByte(in.Text, '@')
	if at < 0 {
		return invalid("has no @")
	}
	local, domain := in.Text[:at], in.Text[at+1:]
	if len(local) == 0 || len(local) > 64 {
		return invalid("the part before the @ has %d bytes, not 1 to 64", len(local))
	}
	for _, atom := range strings.Split(local, ".") {
		if atom == "" {
			return invalid("a dot before the @ does not stand between other signs")
		}
		for _, c := range atom {
			if !letterOrDigit(c) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", c) {
				return invalid("%q may not stand before the @", c)
			}
		}
	}
	if reason := domainFault(domain); reason != "" {
		return invalid("%s", reason)
	}
	return valid(local + "@" + strings.ToLower(domain))
}

// domainFault says what is wrong with a domain name (RFC 1123, section 2.1).
func domainFault(domain string) string {
	labels := strings.Split(domain, ".")
	switch {
	case len(domain) > 253:
		return "the domain is longer than 253 bytes"
	case len(labels) < 2:
		return "the domain has no dot"
	}
	for _, label := range labels {
		if len(label) == 0 || len(label) > 63 {
			return "a part of the domain has not 1 to 63 bytes"
		}
		if label[0] == '-' || label[len(label)-1] == '-' {
			return "a part of the domain begins or ends with a hyphen"
		}
		for _, c := range label {
			if !letterOrDigit(c) && c != '-' {
				return "the domain has signs other than letters, digits and hyphens"
			}
		}
	}
	if last := labels[len(labels)-1]; strings.Trim(last, "0123456789") == "" {
		return "the domain ends in a number"
	}
	return ""
}

func letterOrDigit(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
