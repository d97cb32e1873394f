package plan

import (
	"strings"
	"sync"
	"time"
)

// context is what grammars may look at beside the tokens.
type context struct {
	req   *Request
	now   time.Time // in the request's zone; zero without a clock
	loc   *time.Location
	table *peek // what is known of the attached table, nil before it is asked for
}

// newContext resolves the request's zone. An unknown one is read as UTC's
// absence: grammars that need a clock abstain.
func newContext(r *Request) *context {
	c := &context{req: r}
	if r.Now.IsZero() {
		return c
	}
	zone := r.Zone
	if zone == "" {
		zone = "UTC"
	}
	loc, ok := location(zone)
	if !ok {
		return c
	}
	c.loc, c.now = loc, r.Now.In(loc)
	return c
}

// zones are the time zones that were asked for lately, by name.
var zones = struct {
	sync.RWMutex
	named map[string]*time.Location
}{named: map[string]*time.Location{}}

// maxZones bounds them. There are a few hundred, some under many spellings.
const maxZones = 1024

// location finds a time zone. The rules of one are read once.
func location(name string) (*time.Location, bool) {
	zones.RLock()
	l, ok := zones.named[name]
	zones.RUnlock()
	if ok {
		return l, true
	}
	l, err := time.LoadLocation(name)
	if err != nil {
		return nil, false
	}
	zones.Lock()
	defer zones.Unlock()
	if len(zones.named) >= maxZones {
		clear(zones.named)
	}
	zones.named[name] = l
	return l, true
}

// quotes reports whether the message has a text in quotes.
func (c *context) quotes(text string) bool {
	for open, end := range closing {
		if strings.Contains(c.req.Message, string(open)+text+end) {
			return true
		}
	}
	return false
}

// today is the civil date of the request's clock, "" without one.
func (c *context) today() string {
	if c.now.IsZero() {
		return ""
	}
	return c.now.Format(time.DateOnly)
}
