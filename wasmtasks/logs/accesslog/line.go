package accesslog

import (
	"bytes"
	"errors"
)

// maxSize bounds the response size a line may report: 1 TiB.
const maxSize = 1 << 40

// Line is one parsed line of an access log. Its slices alias the parsed bytes.
type Line struct {
	// Client is the first field: an address or a host name.
	Client []byte
	// Hour is the time of the request in hours since 1970, in UTC.
	Hour int64
	// Method and Target are the first two words of the request line, still
	// escaped. Both are nil when the request was not HTTP: a port scan, a TLS
	// handshake on the wrong port, a connection closed before the request.
	Method, Target []byte
	// Status is the response's status, 100–599.
	Status int
	// Size is the response's body in bytes; "-" in the log, for none, is 0.
	Size int64
	// Agent is the user agent, still escaped; nil in the common format and
	// where the client sent none.
	Agent []byte
}

// The reasons for which a line is malformed.
var (
	errNoClient  = errors.New("no client and user fields")
	errTimestamp = errors.New("no timestamp like [10/Oct/2000:13:55:36 -0700]")
	errRequest   = errors.New("no quoted request after the timestamp")
	errStatus    = errors.New("no status of three digits after the request")
	errSize      = errors.New("no size after the status")
	errTail      = errors.New("text after the size is not a quoted referrer and agent")
)

// Parse reads one line, without its line end, of the common log format
//
//	client identity user [10/Oct/2000:13:55:36 -0700] "GET /path HTTP/1.1" 200 2326
//
// or the combined one, which goes on with "referrer" "agent". Text after the
// agent, which some servers are configured to write, is ignored. Inside quotes
// a backslash escapes the next byte.
func Parse(b []byte) (Line, error) {
	var l Line
	open := bytes.Index(b, []byte(" ["))
	if open < 0 {
		return l, errTimestamp
	}
	client, rest, ok := bytes.Cut(b[:open], []byte(" "))
	if !ok || len(client) == 0 || len(rest) == 0 {
		return l, errNoClient
	}
	l.Client = client
	b = b[open+2:]
	hour, ok := parseHour(b)
	if !ok || len(b) < timestampLen+2 || b[timestampLen] != ']' || b[timestampLen+1] != ' ' {
		return l, errTimestamp
	}
	l.Hour = hour
	return l, l.parseResponse(b[timestampLen+2:])
}

// parseResponse reads the request and what follows it.
func (l *Line) parseResponse(b []byte) error {
	request, b, ok := quoted(b)
	if !ok {
		return errRequest
	}
	l.Method, l.Target = splitRequest(request)
	if len(b) < 5 || b[0] != ' ' || b[4] != ' ' {
		return errStatus
	}
	status, ok := digits(b[1:4])
	if !ok || status < 100 || status > 599 {
		return errStatus
	}
	l.Status = int(status)
	size, tail, found := bytes.Cut(b[5:], []byte(" "))
	if l.Size, ok = parseSize(size); !ok {
		return errSize
	}
	if !found {
		return nil
	}
	if _, tail, ok = quoted(tail); !ok || len(tail) == 0 || tail[0] != ' ' {
		return errTail
	}
	agent, tail, ok := quoted(tail[1:])
	if !ok || (len(tail) > 0 && tail[0] != ' ') {
		return errTail
	}
	if string(agent) != "-" && len(agent) > 0 {
		l.Agent = agent
	}
	return nil
}

// quoted splits b after a leading quoted string and returns its inside.
func quoted(b []byte) (inside, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		return nil, nil, false
	}
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return b[1:i], b[i+1:], true
		}
	}
	return nil, nil, false
}

// splitRequest returns method and target of an HTTP request line, or nils. A
// target may hold spaces, as browsers are not the only clients.
func splitRequest(b []byte) (method, target []byte) {
	method, rest, ok := bytes.Cut(b, []byte(" "))
	if !ok || len(method) == 0 || len(method) > 20 {
		return nil, nil
	}
	for _, c := range method {
		if c < 'A' || c > 'Z' {
			return nil, nil
		}
	}
	end := bytes.LastIndex(rest, []byte(" HTTP/"))
	if end <= 0 {
		return nil, nil
	}
	return method, rest[:end]
}

func parseSize(b []byte) (int64, bool) {
	if string(b) == "-" {
		return 0, true
	}
	n, ok := digits(b)
	return n, ok && n <= maxSize
}

// digits reads an unsigned decimal number of 1–18 digits.
func digits(b []byte) (n int64, ok bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}
